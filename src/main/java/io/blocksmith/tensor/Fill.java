package io.blocksmith.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Arrays filled from, and read into, plain memory without a copy on the Java heap. Rows are moved in windows below 2 GiB,
 * the limit of a {@link ByteBuffer}.
 */
public final class Fill {
    private static final long WINDOW_BYTES = 1L << 30;

    private Fill() {}

    /** Writes the rows {@code [first, last)} of an array, counted along its first axis, into {@code target}. */
    @FunctionalInterface
    public interface RowSource {
        void fill(long first, long last, MemorySegment target);
    }

    /** Reads the rows {@code [first, last)} of an array from {@code source}. */
    @FunctionalInterface
    public interface RowSink {
        void take(long first, long last, MemorySegment source);
    }

    /** A new array of {@code manager} on its device, filled by {@code rows}. */
    public static NDArray array(NDManager manager, Shape shape, DataType type, RowSource rows) {
        if (manager.getDevice().isGpu()) {
            try (NDManager host = manager.newSubManager(Device.cpu())) {
                NDArray staged = array(host, shape, type, rows).toDevice(manager.getDevice(), true);
                staged.attach(manager);
                return staged;
            }
        }
        NDArray array = manager.zeros(shape, type);
        windows(array, (first, last, window) -> rows.fill(first, last, window));
        return array;
    }

    /** Overwrites {@code array} by {@code rows}. */
    public static void into(NDArray array, RowSource rows) {
        if (array.getDevice().isGpu()) {
            try (NDArray staged = array(array.getManager(), array.getShape(), array.getDataType(), rows)) {
                Copy.into(staged, array);
            }
            return;
        }
        windows(array, (first, last, window) -> rows.fill(first, last, window));
    }

    /** Hands the content of {@code array} to {@code sink} in windows of whole rows. */
    public static void read(NDArray array, RowSink sink) {
        if (array.getDevice().isGpu()) {
            try (NDArray host = array.toDevice(Device.cpu(), true)) {
                windows(host, sink);
            }
            return;
        }
        windows(array, sink);
    }

    private static void windows(NDArray array, RowSink use) {
        Shape shape = array.getShape();
        if (shape.dimension() == 0) {
            use.take(0, 1, MemorySegment.ofBuffer(array.toByteBuffer(true)));
            return;
        }
        long rows = shape.get(0);
        long rowBytes =
                rows == 0 ? 0 : shape.size() / rows * array.getDataType().getNumOfBytes();
        if (rows * rowBytes <= WINDOW_BYTES) {
            use.take(0, rows, MemorySegment.ofBuffer(array.toByteBuffer(true)));
            return;
        }
        long step = Math.max(1, WINDOW_BYTES / rowBytes);
        for (long first = 0; first < rows; first += step) {
            long last = Math.min(rows, first + step);
            try (NDScope _ = new NDScope()) {
                NDArray slice = array.get(new NDIndex().addSliceDim(first, last));
                ByteBuffer window = slice.toByteBuffer(true);
                use.take(first, last, MemorySegment.ofBuffer(window));
            }
        }
    }
}
