package io.blocksmith.run;

import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.TrainBlock;
import org.junit.jupiter.api.Test;

class BoundariesTest {
    @Test
    void aBoundaryIsKeptUntilTheNextBlockHasCommitted() {
        Plan plan = Plans.of(3, 1, 0);
        RunState one = commit(started(3), new Capture(0, 0), new TrainBlock(0));
        assertThat(Boundaries.needed(plan, one)).containsExactly(new TrainBlock(0));
        assertThat(Boundaries.needed(plan, commit(one, new TrainBlock(1)))).containsExactly(new TrainBlock(1));
    }

    @Test
    void theLastBoundaryOfASegmentIsReadByNobody() {
        assertThat(Boundaries.readers(Plans.of(4, 2, 0), new TrainBlock(1))).isEmpty();
        assertThat(Boundaries.readers(Plans.of(4, 2, 0), new TrainBlock(3))).isEmpty();
    }

    @Test
    void aCaptureFeedsItsSegmentAndTheNextCapture() {
        assertThat(Boundaries.readers(Plans.of(4, 2, 0), new Capture(0, 0)))
                .containsExactlyInAnyOrder(new TrainBlock(0), new Capture(1, 0));
    }

    @Test
    void theRepairPassKeepsNoCaptureBecauseItEmbedsAgain() {
        Plan plan = Plans.of(4, 2, 16);
        RunState trained = commit(
                started(4),
                new Capture(0, 0),
                new Capture(0, 1),
                new Capture(1, 0),
                new Capture(1, 1),
                new TrainBlock(0),
                new TrainBlock(1),
                new TrainBlock(2),
                new TrainBlock(3));
        assertThat(Boundaries.needed(plan, trained)).isEmpty();
        assertThat(Boundaries.needed(plan, commit(trained, new RepairBlock(0)))).containsExactly(new RepairBlock(0));
    }
}
