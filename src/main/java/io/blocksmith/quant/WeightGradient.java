package io.blocksmith.quant;

import ai.djl.ndarray.NDArray;

/** Gradients of the loss by the parts of a {@link TrainableWeight}, in their shapes. */
public record WeightGradient(NDArray weight, NDArray stepSize, NDArray zeroPoint) {}
