package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.tensor.Fill;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A Hugging Face folder's weights, F32, F16 or BF16, widened to float32 as they are asked for. A tensor is mapped only
 * while it is copied, so what stays resident is one block.
 */
public final class CheckpointWeights implements LlamaWeights {
    private final LlamaConfig config;
    private final Checkpoint checkpoint;

    private CheckpointWeights(LlamaConfig config, Checkpoint checkpoint) {
        this.config = config;
        this.checkpoint = checkpoint;
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
        require(LlamaNames.EMBEDDING, config.vocabulary(), config.hidden());
        require(LlamaNames.FINAL_NORM, config.hidden());
        if (!config.tiedHead()) {
            require(LlamaNames.HEAD, config.vocabulary(), config.hidden());
        }
        for (int block = 0; block < config.blocks(); block++) {
            require(LlamaNames.attentionNorm(block), config.hidden());
            require(LlamaNames.feedForwardNorm(block), config.hidden());
            for (Linear linear : Linear.values()) {
                require(LlamaNames.weight(block, linear), config.rows(linear), config.columns(linear));
                if (config.hasBias(linear)) {
                    require(LlamaNames.bias(block, linear), config.rows(linear));
                }
            }
        }
    }

    private void require(String name, long... shape) {
        TensorInfo info = checkpoint.info(name);
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (!info.shape().equals(expected)) {
            throw BlocksmithException.user(
                    "%s: tensor %s: shape %s, expected %s from config.json",
                    checkpoint.folder(), name, info.shapeText(), expected);
        }
        if (!Floats.readable(info.type())) {
            throw BlocksmithException.user(
                    "%s: tensor %s: dtype %s, expected F32, F16 or BF16; quantized checkpoints cannot be the input",
                    checkpoint.folder(), name, info.type());
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
        List<NDArray> linears = new ArrayList<>();
        List<NDArray> biases = new ArrayList<>();
        for (Linear linear : Linear.values()) {
            linears.add(tensor(LlamaNames.weight(index, linear), manager));
            if (config.hasBias(linear)) {
                biases.add(tensor(LlamaNames.bias(index, linear), manager));
            }
        }
        List<NDArray> norms = List.of(
                tensor(LlamaNames.attentionNorm(index), manager), tensor(LlamaNames.feedForwardNorm(index), manager));
        return new BlockWeights(linears, biases, norms);
    }

    @Override
    public NDArray embed(int[][] tokens, NDManager manager) {
        TensorInfo info = checkpoint.info(LlamaNames.EMBEDDING);
        long sourceRow = (long) config.hidden() * info.type().bytes();
        long targetRow = 4L * config.hidden();
        int length = tokens[0].length;
        Shape shape = new Shape(tokens.length, length, config.hidden());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = checkpoint.map(LlamaNames.EMBEDDING, arena);
            return Fill.array(manager, shape, DataType.FLOAT32, (first, last, target) -> {
                for (long window = first; window < last; window++) {
                    for (int position = 0; position < length; position++) {
                        int token = tokens[(int) window][position];
                        if (token < 0 || token >= config.vocabulary()) {
                            throw BlocksmithException.user(
                                    "token id %d is outside the vocabulary of %d", token, config.vocabulary());
                        }
                        Floats.decode(
                                table.asSlice(token * sourceRow, sourceRow),
                                info.type(),
                                target.asSlice(((window - first) * length + position) * targetRow, targetRow));
                    }
                }
            });
        }
    }

    @Override
    public NDArray finalNorm(NDManager manager) {
        return tensor(LlamaNames.FINAL_NORM, manager);
    }

    @Override
    public NDArray head(NDManager manager) {
        return tensor(config.tiedHead() ? LlamaNames.EMBEDDING : LlamaNames.HEAD, manager);
    }

    private NDArray tensor(String name, NDManager manager) {
        TensorInfo info = checkpoint.info(name);
        Shape shape =
                new Shape(info.shape().stream().flatMapToLong(LongStream::of).toArray());
        long rowBytes = info.bytes() / info.shape().getFirst();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = checkpoint.map(name, arena);
            return Fill.array(
                    manager,
                    shape,
                    DataType.FLOAT32,
                    (first, last, target) -> Floats.decode(
                            data.asSlice(first * rowBytes, (last - first) * rowBytes), info.type(), target));
        }
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
