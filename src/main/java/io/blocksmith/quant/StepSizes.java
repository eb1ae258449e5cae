package io.blocksmith.quant;

/**
 * What step sizes can be. There is no floor in the weights' own range: the paper's code clamps at 1e-4, which crushes
 * weights that are small because their partner is large, a model that computes the same. The limits here keep a division
 * from overflowing; what a training must not fall below follows from where it began, see {@code train.StepSizeFloors}.
 */
public final class StepSizes {
    /** 2^-100: W / s stays finite for every float32 weight up to 2^27. */
    public static final float LEAST = 0x1p-100f;
    /** 2^100. */
    public static final float LARGEST = 0x1p100f;

    private StepSizes() {}

    /** {@code source}, TorchScript, with $LEAST_STEP and $LARGEST_STEP as numbers. */
    static String in(String source) {
        return source.replace("$LEAST_STEP", Double.toString(LEAST)).replace("$LARGEST_STEP", Double.toString(LARGEST));
    }
}
