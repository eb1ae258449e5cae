package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import io.blocksmith.tensor.Copy;
import java.util.List;

/**
 * Keeps step sizes from falling to nothing while they are trained: none goes below 1/256 of the smallest that its weight
 * began with. It follows from where training began, which is where a resumed training begins too. Alters the arrays it
 * was made with, owns nothing.
 */
final class StepSizeFloors {
    private static final float SHARE = 0x1p-8f;

    private record Floor(NDArray stepSize, float least) {}

    private final List<Floor> floors;

    /** Floors of {@code stepSizes} as they are now, [R, 1] each. */
    StepSizeFloors(List<NDArray> stepSizes) {
        this.floors = stepSizes.stream().map(StepSizeFloors::floor).toList();
    }

    private static Floor floor(NDArray stepSize) {
        try (NDArray least = stepSize.min()) {
            return new Floor(stepSize, SHARE * least.getFloat());
        }
    }

    /** Lifts what has fallen below its floor. */
    void lift() {
        for (Floor floor : floors) {
            try (NDScope _ = new NDScope()) {
                Copy.into(floor.stepSize().maximum(floor.least()), floor.stepSize());
            }
        }
    }
}
