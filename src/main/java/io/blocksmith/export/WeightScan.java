package io.blocksmith.export;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one pass over a model's weights tells before any work: that every number is finite, how large the largest of each
 * tensor is, and how many rows hold nothing but zeros. Holds a piece of a tensor for each core at a time.
 *
 * @param tensors by name, in the order in which they were asked for
 */
public record WeightScan(Map<String, Tensor> tensors) {
    private static final int PIECE = 1 << 18;

    /**
     * One tensor.
     *
     * @param info its entry in the checkpoint
     * @param largest its largest magnitude; 0 for an empty one
     * @param at the index of the first element of that magnitude
     * @param zeroRows rows, along the last dimension, of zeros only
     */
    public record Tensor(TensorInfo info, float largest, long at, long zeroRows) {
        /** E.g. {@code [12, 3]}. */
        String place(long element) {
            List<Long> shape = info.shape();
            return shape.size() < 2
                    ? "[%d]".formatted(element)
                    : "[%d, %d]".formatted(element / shape.getLast(), element % shape.getLast());
        }
    }

    /**
     * Reads the tensors {@code names} of {@code checkpoint}, F32, F16 or BF16.
     *
     * @throws BlocksmithException USER, naming tensor, place and value, when a number is not finite
     */
    public static WeightScan of(Checkpoint checkpoint, Collection<String> names) {
        // In the order of the names, so that of several faults the same one is told each time.
        List<Tensor> scanned =
                names.parallelStream().map(name -> scan(checkpoint, name)).toList();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Tensor tensor : scanned) {
            if (!Float.isFinite(tensor.largest())) {
                throw BlocksmithException.user(
                        "%s: tensor %s: %s at %s; expected finite numbers: a broken download or merge, copy it again",
                        checkpoint.folder(), tensor.info().name(), tensor.largest(), tensor.place(tensor.at()));
            }
            tensors.put(tensor.info().name(), tensor);
        }
        return new WeightScan(tensors);
    }

    /** Stops at the first number that is not finite, which then stands for the largest. */
    private static Tensor scan(Checkpoint checkpoint, String name) {
        TensorInfo info = checkpoint.info(name);
        long columns = info.shape().isEmpty() ? 1 : Math.max(1, info.shape().getLast());
        float largest = 0;
        long at = 0;
        long zeroRows = 0;
        boolean zeroSoFar = true;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = checkpoint.map(name, arena);
            float[] values = new float[(int) Math.min(PIECE, info.elements())];
            for (long first = 0; first < info.elements(); first += values.length) {
                int count = (int) Math.min(values.length, info.elements() - first);
                decode(data, info.type(), first, count, values);
                for (int i = 0; i < count; i++) {
                    float magnitude = Math.abs(values[i]);
                    if (!(magnitude <= Float.MAX_VALUE)) {
                        return new Tensor(info, values[i], first + i, 0);
                    }
                    if (magnitude > largest) {
                        largest = magnitude;
                        at = first + i;
                    }
                    zeroSoFar &= magnitude == 0;
                    if ((first + i + 1) % columns == 0) {
                        zeroRows += zeroSoFar ? 1 : 0;
                        zeroSoFar = true;
                    }
                }
            }
        }
        return new Tensor(info, largest, at, zeroRows);
    }

    private static void decode(MemorySegment data, TensorType type, long first, int count, float[] values) {
        MemorySegment slice = data.asSlice(first * type.bytes(), (long) count * type.bytes());
        Floats.decode(slice, type, MemorySegment.ofArray(values).asSlice(0, 4L * count));
    }

    /** The first of {@code names} that holds a number beyond float16, in words with its place and value. */
    Optional<String> beyondFloat16(Collection<String> names) {
        return names.stream()
                .map(tensors::get)
                .filter(tensor -> !FloatTensor.fitsFloat16(tensor.largest()))
                .map(tensor -> "%s: a number of magnitude %s at %s is beyond float16, whose largest is 65504"
                        .formatted(tensor.info().name(), tensor.largest(), tensor.place(tensor.at())))
                .findFirst();
    }
}
