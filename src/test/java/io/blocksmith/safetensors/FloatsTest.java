package io.blocksmith.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FloatsTest {

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everySixteenBitPatternSurvivesWideningAndNarrowing(TensorType type) {
        short[] all = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
        }
        float[] wide = new float[all.length];
        short[] back = new short[all.length];
        Floats.decode(MemorySegment.ofArray(all), type, MemorySegment.ofArray(wide));
        Floats.encode(MemorySegment.ofArray(wide), type, MemorySegment.ofArray(back));

        for (int i = 0; i < all.length; i++) {
            if (!Float.isNaN(wide[i])) {
                assertThat(back[i]).as("pattern %04x", i).isEqualTo(all[i]);
            }
        }
    }

    @Test
    void bfloat16RoundsToTheNearestAndTiesToEven() {
        float[] values = {
            Float.intBitsToFloat(0x3F80_8000), // tie, even below
            Float.intBitsToFloat(0x3F81_8000), // tie, even above
            Float.intBitsToFloat(0x3F80_8001), // above the tie
            Float.intBitsToFloat(0x3F80_7FFF), // below it
            Float.NaN
        };
        short[] encoded = new short[values.length];
        Floats.encode(MemorySegment.ofArray(values), TensorType.BF16, MemorySegment.ofArray(encoded));

        assertThat(encoded).isEqualTo(new short[] {0x3F80, 0x3F82, 0x3F81, 0x3F80, 0x7FC0});
    }

    @Test
    void narrowingErrorIsAtMostHalfAUnitInTheLastPlace() {
        Random random = new Random(1);
        float[] values = new float[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        short[] encoded = new short[values.length];
        float[] back = new float[values.length];
        Floats.encode(MemorySegment.ofArray(values), TensorType.BF16, MemorySegment.ofArray(encoded));
        Floats.decode(MemorySegment.ofArray(encoded), TensorType.BF16, MemorySegment.ofArray(back));

        for (int i = 0; i < values.length; i++) {
            assertThat(Math.abs(back[i] - values[i])).isLessThanOrEqualTo(Math.abs(values[i]) / 256);
        }
    }
}
