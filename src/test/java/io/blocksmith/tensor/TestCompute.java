package io.blocksmith.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Random;

/** The CPU device of the test JVM, and arrays made from a seed. */
public final class TestCompute {
    private static final Compute CPU = Compute.open("cpu", 2);

    private TestCompute() {}

    /** The one device of this process, ready for the calling thread. */
    public static Compute cpu() {
        CPU.enterThread();
        return CPU;
    }

    /** Normal numbers times {@code scale}. */
    public static NDArray normal(NDManager manager, Random random, double scale, long... shape) {
        Shape wanted = new Shape(shape);
        float[] values = new float[Math.toIntExact(wanted.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * scale);
        }
        return manager.create(values, wanted);
    }

    /** Largest absolute difference relative to the largest absolute value of {@code expected}. */
    public static double relativeDifference(NDArray actual, NDArray expected) {
        double scale = Math.max(1e-30, expected.stopGradient().abs().max().getFloat());
        return actual.stopGradient().sub(expected.stopGradient()).abs().max().getFloat() / scale;
    }

    /** Runs backward from a recorded scalar. */
    public static void backward(NDArray scalar) {
        Gradients.backward(scalar, scalar.getManager().ones(new Shape()));
        JniUtils.setGradMode(false);
    }

    /** Resident memory of this process without what the allocator merely keeps. */
    public static double aliveBytes() {
        NativeHeap.trimNow();
        return ProcessMemory.residentBytes();
    }
}
