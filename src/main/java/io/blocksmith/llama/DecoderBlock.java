package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;

/** The forward pass of one decoder block. Differentiable in {@code x} and in every weight while gradients are recorded. */
public interface DecoderBlock {
    /**
     * Hidden states after the block.
     *
     * @param x hidden states [n, T, H]
     * @return [n, T, H], owned by the caller's scope
     */
    NDArray forward(NDArray x, BlockWeights weights);
}
