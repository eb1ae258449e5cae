package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private final List<String> notices;

    private CheckpointWeights(LlamaConfig config, Checkpoint checkpoint) {
        this.config = config;
        this.checkpoint = checkpoint;
        this.notices = new ArrayList<>();
        this.tensors = new CheckpointTensors(config, checkpoint);
    }

    /**
     * Opens {@code folder} and checks that every tensor of the model is there with its shape, and that no block holds one
     * that would be left out.
     */
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
        ConfigFile.open(checkpoint.folder()).quantization().ifPresent(method -> {
            throw BlocksmithException.user(
                    "%s: quantization_config: the weights are quantized already (%s); take the folder of the model in"
                            + " float32, float16 or bfloat16",
                    checkpoint.folder().resolve(ConfigFile.NAME), method);
        });
        tensors.requireUnquantized();
        for (int block = 0; block < config.blocks(); block++) {
            for (Linear linear : Linear.values()) {
                tensors.require(LlamaNames.weight(block, linear), config.rows(linear), config.columns(linear));
            }
        }
        notices.addAll(ModelNotices.of(checkpoint.folder(), config, checkpoint));
    }

    /** What the folder holds that is not computed with, a line each. */
    public List<String> notices() {
        return List.copyOf(notices);
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
