package io.blocksmith.export;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointTensors;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.tensor.Fill;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A GPTQ folder's weights: linears as float32 {@code (code - z) * s} with the stored float16 step sizes. */
public final class GptqWeights implements LlamaWeights {
    private final LlamaConfig config;
    private final GptqDecoder decoder;
    private final CheckpointTensors tensors;

    private GptqWeights(LlamaConfig config, GptqDecoder decoder) {
        this.config = config;
        this.decoder = decoder;
        this.tensors = new CheckpointTensors(config, decoder.checkpoint());
    }

    /** Opens {@code folder} and checks that every tensor of the model is there with its shape. */
    public static GptqWeights open(Path folder) {
        LlamaConfig config = ConfigFile.read(folder);
        GptqWeights weights = new GptqWeights(config, GptqDecoder.open(folder));
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
                decoder.requireLinear(LlamaNames.linear(block, linear), config.rows(linear), config.columns(linear));
            }
        }
    }

    @Override
    public LlamaConfig config() {
        return config;
    }

    @Override
    public BlockWeights block(int index, NDManager manager) {
        List<NDArray> linears = Arrays.stream(Linear.values())
                .map(linear -> dequantized(index, linear, manager))
                .toList();
        return new BlockWeights(linears, tensors.biases(index, manager), tensors.norms(index, manager));
    }

    private NDArray dequantized(int index, Linear linear, NDManager manager) {
        String name = LlamaNames.linear(index, linear);
        long rows = config.rows(linear);
        int columns = Math.toIntExact(config.columns(linear));
        int[] groupOfColumns = decoder.groupOfColumns(name);
        int[] zeroPoints = decoder.zeroPoints(name);
        float[] stepSizes = decoder.stepSizes(name);
        int groups = Math.toIntExact(stepSizes.length / rows);
        int batch = PackedLinear.batchRows(rows, columns);
        return Fill.array(manager, new Shape(rows, columns), DataType.FLOAT32, (first, last, target) -> {
            for (long row = first; row < last; row += batch) {
                byte[] codes = new byte[(int) Math.min(batch, last - row) * columns];
                decoder.codes(name, row, codes);
                float[] values = new float[codes.length];
                int firstGroup = Math.toIntExact(row * groups);
                for (int at = 0; at < values.length; at += columns, firstGroup += groups) {
                    for (int column = 0; column < columns; column++) {
                        int group = firstGroup + groupOfColumns[column];
                        int code = Byte.toUnsignedInt(codes[at + column]);
                        values[at + column] = (code - zeroPoints[group]) * stepSizes[group];
                    }
                }
                long offset = (row - first) * columns * Float.BYTES;
                MemorySegment.copy(values, 0, target, JAVA_FLOAT_UNALIGNED, offset, values.length);
            }
        });
    }

    @Override
    public CheckpointTensors tensors() {
        return tensors;
    }

    @Override
    public void close() {
        decoder.close();
    }
}
