package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A Hugging Face folder's weights, F32, F16 or BF16, widened to float32 as they are asked for. A tensor is mapped only
 * while it is copied, so what stays resident is one block.
 */
public final class CheckpointWeights implements LlamaWeights {
    private final LlamaConfig config;
    private final Checkpoint checkpoint;
    private final CheckpointTensors tensors;

    private CheckpointWeights(LlamaConfig config, Checkpoint checkpoint) {
        this.config = config;
        this.checkpoint = checkpoint;
        this.tensors = new CheckpointTensors(config, checkpoint);
    }

    /** Opens {@code folder} and checks that every tensor of the model is there with its shape. */
    public static CheckpointWeights open(Path folder) {
        LlamaConfig config = ConfigFile.read(folder);
        CheckpointWeights weights = new CheckpointWeights(config, Checkpoint.open(folder));
        try {
            weights.check();
            return weights;
        } catch (BlocksmithException e) {
            weights.close();
            throw e;
        }
    }

    private void check() {
        tensors.requireUnquantized();
        for (int block = 0; block < config.blocks(); block++) {
            for (Linear linear : Linear.values()) {
                tensors.require(LlamaNames.weight(block, linear), config.rows(linear), config.columns(linear));
            }
        }
    }

    /** The tensors behind the weights. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    @Override
    public LlamaConfig config() {
        return config;
    }

    @Override
    public BlockWeights block(int index, NDManager manager) {
        List<NDArray> linears = Arrays.stream(Linear.values())
                .map(linear -> tensors.array(LlamaNames.weight(index, linear), manager))
                .toList();
        return new BlockWeights(linears, tensors.biases(index, manager), tensors.norms(index, manager));
    }

    @Override
    public CheckpointTensors tensors() {
        return tensors;
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
