package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.data.ActivationLayout;
import io.blocksmith.spec.Calibration.Activations;
import org.junit.jupiter.api.Test;

class CapturePartsTest {
    @Test
    void partsAreCutBetweenBatches() {
        CaptureParts parts = new CaptureParts(11, 2, 3);

        assertThat(parts.first(0)).isZero();
        assertThat(parts.end(0)).isEqualTo(parts.first(1)).isEqualTo(4);
        assertThat(parts.end(1)).isEqualTo(parts.first(2)).isEqualTo(8);
        assertThat(parts.end(2)).isEqualTo(11);
    }

    @Test
    void withFewerBatchesThanPartsSomeAreEmpty() {
        CaptureParts parts = new CaptureParts(3, 2, 5);

        assertThat(parts.filled().map(parts::size)).containsExactly(2, 1);
    }

    @Test
    void onePartHoldsEverythingInTheSameShards() {
        ActivationLayout all = new ActivationLayout(Activations.FLOAT16, 9, 4, 8, 100);

        assertThat(new CaptureParts(9, 2, 1).layout(0, all)).isEqualTo(all);
    }
}
