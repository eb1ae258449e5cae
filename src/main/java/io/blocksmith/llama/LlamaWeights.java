package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Where a decoder's parameters come from: a full-precision folder, an export, or a run's trained state. */
public interface LlamaWeights extends AutoCloseable {
    LlamaConfig config();

    /** Block {@code index} as float32, owned by {@code manager}. */
    BlockWeights block(int index, NDManager manager);

    /** The tensors that quantization leaves as they are, embedding, last norm and head among them. */
    CheckpointTensors tensors();

    /** Embeddings [n, T, H] of token ids [n, T], owned by {@code manager}; an id past the vocabulary is a USER error. */
    default NDArray embed(int[][] tokens, NDManager manager) {
        return tensors().embed(tokens, manager);
    }

    /** Gain [H] of the last norm, owned by {@code manager}. */
    default NDArray finalNorm(NDManager manager) {
        return tensors().finalNorm(manager);
    }

    /** Output head [V, H], owned by {@code manager}. */
    default NDArray head(NDManager manager) {
        return tensors().head(manager);
    }

    @Override
    void close();
}
