package io.blocksmith.llama;

import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.TensorInfo;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * Whether a model that ties its head to its embedding has another head in its files all the same. The rule is that of
 * transformers ({@code tie_weights}): of two equal tensors or one there is one, and two different ones stay two.
 */
final class StoredHead {
    private StoredHead() {}

    /** Whether the checkpoint in {@code folder} holds a head that differs from the embedding. */
    static boolean isOfItsOwn(Path folder) {
        if (!Checkpoint.isIn(folder)) {
            return false;
        }
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return checkpoint.contains(LlamaNames.HEAD)
                    && checkpoint.contains(LlamaNames.EMBEDDING)
                    && !isSame(checkpoint);
        }
    }

    private static boolean isSame(Checkpoint checkpoint) {
        TensorInfo head = checkpoint.info(LlamaNames.HEAD);
        TensorInfo embedding = checkpoint.info(LlamaNames.EMBEDDING);
        if (head.type() != embedding.type() || !head.shape().equals(embedding.shape())) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            return checkpoint.map(LlamaNames.HEAD, arena).mismatch(checkpoint.map(LlamaNames.EMBEDDING, arena)) < 0;
        }
    }
}
