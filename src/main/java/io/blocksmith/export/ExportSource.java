package io.blocksmith.export;

import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.packed.PackedSource;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.spec.Quantization;

/**
 * What an export is made from. Borrows the checkpoint and the blocks.
 *
 * @param checkpoint the input model: its folder's configuration and tokenizer, embedding, last norm and head
 * @param config shape of the model
 * @param grid grid of the codes
 * @param blocks codes, step sizes, zero points, norms and biases, as trained
 */
public record ExportSource(Checkpoint checkpoint, LlamaConfig config, Quantization grid, PackedSource blocks) {
    /** Meets every tensor of a model folder. */
    interface Visitor {
        /** A tensor that no format packs: embedding, norms, biases, head. */
        void plain(FloatTensor tensor);

        /** A quantized linear of an open block. */
        void linear(PackedLinear linear);
    }

    /** Meets the tensors in Hugging Face's order: embedding, blocks, last norm, head; one block is open at a time. */
    void walk(Visitor visitor) {
        visitor.plain(FloatTensor.of(checkpoint, LlamaNames.EMBEDDING));
        for (int index = 0; index < config.blocks(); index++) {
            try (PackedSource.Block block = blocks.open(index)) {
                visitor.plain(FloatTensor.of(LlamaNames.attentionNorm(index), block::attentionNorm, config.hidden()));
                for (Linear linear : Linear.values()) {
                    // Between attention and feed-forward part, as the forward pass meets it.
                    if (linear == Linear.GATE) {
                        visitor.plain(FloatTensor.of(
                                LlamaNames.feedForwardNorm(index), block::feedForwardNorm, config.hidden()));
                    }
                    visitor.linear(new PackedLinear(config, grid, block, index, linear));
                    if (config.hasBias(linear)) {
                        visitor.plain(FloatTensor.of(
                                LlamaNames.bias(index, linear), () -> block.bias(linear), config.rows(linear)));
                    }
                }
            }
        }
        visitor.plain(FloatTensor.of(checkpoint, LlamaNames.FINAL_NORM));
        if (!config.tiedHead()) {
            visitor.plain(FloatTensor.of(checkpoint, LlamaNames.HEAD));
        }
    }
}
