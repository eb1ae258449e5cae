package io.blocksmith.safetensors;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A tensor's entry in a header.
 *
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last
 */
public record TensorInfo(String name, TensorType type, List<Long> shape, long begin, long end) {
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** An entry whose place in the file is not known yet. */
    public static TensorInfo of(String name, TensorType type, long... shape) {
        return new TensorInfo(name, type, Arrays.stream(shape).boxed().toList(), 0, 0);
    }

    /** Number of elements. */
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** Bytes that shape and type ask for. */
    public long bytes() {
        return Math.multiplyExact(elements(), type.bytes());
    }

    /** The shape as users read it, e.g. {@code [4096, 11008]}. */
    public String shapeText() {
        return shape.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }
}
