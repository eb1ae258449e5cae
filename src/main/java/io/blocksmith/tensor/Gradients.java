package io.blocksmith.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Supplier;

/**
 * Gradient recording on the calling thread. DJL's {@code GradientCollector} allows one per process and walks every array
 * to zero gradients; this is the same recording without either.
 */
public final class Gradients {
    private Gradients() {}

    /** Runs {@code forward} with recording on, and leaves it off. */
    public static <T> T record(Supplier<T> forward) {
        JniUtils.setGradMode(true);
        try {
            return forward.get();
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    /** Makes {@code array} a leaf whose gradient {@link #backward} fills. */
    public static NDArray leaf(NDArray array) {
        array.setRequiresGradient(true);
        return array;
    }

    /** Propagates {@code gradient} (the shape of {@code output}) to the leaves and frees the graph. */
    public static void backward(NDArray output, NDArray gradient) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
    }

    /** Zeroes the gradient of one leaf. */
    public static void zero(NDArray leaf) {
        JniUtils.zeroGrad((PtNDArray) leaf);
    }
}
