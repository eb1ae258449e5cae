package io.blocksmith.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.tensor.NativeHeap;
import java.util.function.LongSupplier;

/**
 * The matrix-product rate of a device, for comparison: square products in float32, twice as wide each time, until one
 * takes so long that the next would take too long.
 */
public final class DevicePeak {
    private static final int NARROWEST = 512;
    private static final int WIDEST = 8192;
    private static final int PRODUCTS = 4;
    /** A product of twice the width takes eight times as long. */
    private static final double LONG_ENOUGH_SECONDS = 0.008;

    private DevicePeak() {}

    /** Floating-point operations a second of the fastest product; some tenths of a second of work on the device thread. */
    public static double measure(NDManager parent, LongSupplier nanoTime) {
        double best = 0;
        for (int width = NARROWEST; width <= WIDEST; width *= 2) {
            double seconds = seconds(width, parent, nanoTime);
            best = Math.max(best, 2.0 * width * width * width / seconds);
            if (seconds > LONG_ENOUGH_SECONDS) {
                break;
            }
        }
        NativeHeap.trim();
        return best;
    }

    /** Of the fastest of some products. */
    private static double seconds(int width, NDManager parent, LongSupplier nanoTime) {
        double fastest = Double.POSITIVE_INFINITY;
        try (NDManager manager = parent.newSubManager();
                NDScope _ = new NDScope()) {
            NDArray a = manager.ones(new Shape(width, width));
            NDArray b = manager.ones(new Shape(width, width));
            for (int i = 0; i < PRODUCTS; i++) {
                long start = nanoTime.getAsLong();
                try (NDArray product = a.matMul(b)) {
                    // Reading one number waits for devices that compute behind our back.
                    product.getFloat(0, 0);
                }
                fastest = Math.min(fastest, (nanoTime.getAsLong() - start) / 1e9);
            }
        }
        return fastest;
    }
}
