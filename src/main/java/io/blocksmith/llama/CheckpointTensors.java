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
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The floating-point tensors of a checkpoint, F32, F16 or BF16, as float32 arrays. A tensor is mapped only while it is
 * copied. Owns neither the checkpoint nor the arrays it makes.
 */
public final class CheckpointTensors {
    private final LlamaConfig config;
    private final Checkpoint checkpoint;

    public CheckpointTensors(LlamaConfig config, Checkpoint checkpoint) {
        this.config = config;
        this.checkpoint = checkpoint;
    }

    /** Checks the tensors that stay floating-point in every folder: embedding, last norm, head, norms and biases. */
    public void requireUnquantized() {
        require(LlamaNames.EMBEDDING, config.vocabulary(), config.hidden());
        require(LlamaNames.FINAL_NORM, config.hidden());
        if (!config.tiedHead()) {
            require(LlamaNames.HEAD, config.vocabulary(), config.hidden());
        }
        for (int block = 0; block < config.blocks(); block++) {
            require(LlamaNames.attentionNorm(block), config.hidden());
            require(LlamaNames.feedForwardNorm(block), config.hidden());
            for (Linear linear : Linear.values()) {
                if (config.hasBias(linear)) {
                    require(LlamaNames.bias(block, linear), config.rows(linear));
                }
            }
        }
    }

    /** Checks that {@code name} is there, in {@code shape} and readable; anything else is a USER error. */
    public void require(String name, long... shape) {
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

    /** The whole tensor {@code name} as float32, owned by {@code manager}. */
    public NDArray array(String name, NDManager manager) {
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

    /** See {@link LlamaWeights#embed}; a token id past the vocabulary is a USER error. */
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

    /** See {@link LlamaWeights#finalNorm}. */
    public NDArray finalNorm(NDManager manager) {
        return array(LlamaNames.FINAL_NORM, manager);
    }

    /** See {@link LlamaWeights#head}. */
    public NDArray head(NDManager manager) {
        return array(config.tiedHead() ? LlamaNames.EMBEDDING : LlamaNames.HEAD, manager);
    }

    /** Biases [N] of block {@code index}, only of the linears that have one, in the order of {@link Linear}. */
    public List<NDArray> biases(int index, NDManager manager) {
        return Arrays.stream(Linear.values())
                .filter(config::hasBias)
                .map(linear -> array(LlamaNames.bias(index, linear), manager))
                .toList();
    }

    /** Gains [H] of block {@code index}: the norm before attention, the norm before the feed-forward part. */
    public List<NDArray> norms(int index, NDManager manager) {
        return List.of(
                array(LlamaNames.attentionNorm(index), manager), array(LlamaNames.feedForwardNorm(index), manager));
    }
}
