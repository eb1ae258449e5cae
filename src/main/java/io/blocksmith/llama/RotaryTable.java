package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.tensor.Fill;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleUnaryOperator;

/**
 * Cosines and sines of rotary position embedding in its rotate-half form: column j and column j + D/2 turn by the same
 * angle, {@code position * theta^(-2j/D)}.
 *
 * @param cosine [T, D]
 * @param sine [T, D]
 */
public record RotaryTable(NDArray cosine, NDArray sine) {

    /** The table of positions {@code 0 .. length - 1}, owned by {@code manager}. */
    public static RotaryTable of(LlamaConfig config, int length, NDManager manager) {
        return new RotaryTable(table(config, length, manager, Math::cos), table(config, length, manager, Math::sin));
    }

    private static NDArray table(LlamaConfig config, int length, NDManager manager, DoubleUnaryOperator function) {
        int size = config.headSize();
        float[] frequencies = new float[size / 2];
        for (int j = 0; j < frequencies.length; j++) {
            double plain = Math.pow(config.ropeTheta(), -2.0 * j / size);
            frequencies[j] = (float) config.ropeScaling().scale(plain);
        }
        return Fill.array(manager, new Shape(length, size), DataType.FLOAT32, (first, last, target) -> {
            for (long position = first; position < last; position++) {
                for (int j = 0; j < size; j++) {
                    // float32 angles, as checkpoints are trained and evaluated with.
                    float angle = position * frequencies[j % frequencies.length];
                    long at = (position - first) * size + j;
                    target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) function.applyAsDouble(angle));
                }
            }
        });
    }
}
