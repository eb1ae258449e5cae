package io.blocksmith.quant;

import ai.djl.ndarray.NDArray;

/**
 * One linear weight under quantization. R = number of groups, {@code N * K / groupSize}, row by row.
 *
 * @param weight full-precision weight [N, K]
 * @param stepSize s [R, 1]; the quantizer clamps it, see {@link StepSizes}
 * @param zeroPoint z [R, 1]; the quantizer rounds it and clamps it to [0, maxCode]
 */
public record TrainableWeight(NDArray weight, NDArray stepSize, NDArray zeroPoint) {}
