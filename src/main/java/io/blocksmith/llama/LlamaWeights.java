package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where a decoder's parameters come from: a full-precision folder, an export, or a run's trained state. */
public interface LlamaWeights extends AutoCloseable {
    LlamaConfig config();

    /** Block {@code index} as float32, owned by {@code manager}. */
    BlockWeights block(int index, NDManager manager);

    /** Embeddings [n, T, H] of token ids [n, T], owned by {@code manager}. */
    NDArray embed(int[][] tokens, NDManager manager);

    /** Gain [H] of the last norm, owned by {@code manager}. */
    NDArray finalNorm(NDManager manager);

    /** Output head [V, H], owned by {@code manager}. */
    NDArray head(NDManager manager);

    @Override
    void close();
}
