package io.blocksmith.quant;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * One linear weight with frozen codes.
 *
 * @param planes packed codes, see {@link CodePlanes}
 * @param stepSize s [R, 1], float32
 * @param zeroPoint z [R, 1], float32; rounded and clamped where it is used
 * @param rows N
 * @param columns K
 */
public record PackedWeight(List<NDArray> planes, NDArray stepSize, NDArray zeroPoint, long rows, long columns) {
    public PackedWeight {
        planes = List.copyOf(planes);
    }
}
