package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Everything that a training's further course depends on, besides its data and its recipe: going on from it ends in the
 * bytes of a training that was never interrupted.
 *
 * @param step optimizer steps done
 * @param arrays the trainer's own arrays by name, in a fixed order; they alias what is in training and change with its
 *     next step
 * @param numbers counters and losses by name; NaN and infinities are values like others
 */
public record Snapshot(long step, Map<String, NDArray> arrays, Map<String, Double> numbers) {
    public Snapshot {
        arrays = Collections.unmodifiableMap(new LinkedHashMap<>(arrays));
        numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers));
    }

    /** A snapshot that was stored. */
    public interface Stored {
        /** Optimizer steps done. */
        long step();

        /** The number called {@code name}, to its last bit. */
        double number(String name);

        /** Overwrites {@code target} with the array called {@code name}, which must have its shape. */
        void read(String name, NDArray target);
    }

    /** Overwrites every array with what {@code stored} holds; nothing is held twice meanwhile. */
    void restoreArrays(Stored stored) {
        arrays.forEach(stored::read);
    }

    /** Bytes of all arrays. */
    public long bytes() {
        return arrays.values().stream()
                .mapToLong(
                        array -> array.getShape().size() * array.getDataType().getNumOfBytes())
                .sum();
    }
}
