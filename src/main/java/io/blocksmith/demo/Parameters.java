package io.blocksmith.demo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.tensor.Gradients;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Every parameter of a whole small Llama (no biases, head tied to the embedding), float32, as leaves of a gradient
 * graph.
 *
 * @param embedding [V, H]
 * @param finalNorm [H]
 */
record Parameters(LlamaConfig config, NDArray embedding, List<BlockWeights> blocks, NDArray finalNorm) {
    private static final double INITIAL_SCALE = 0.02;

    /** Random parameters of {@code seed}, owned by {@code manager}. */
    static Parameters random(LlamaConfig config, long seed, NDManager manager) {
        if (!config.tiedHead() || config.attentionBias() || config.feedForwardBias()) {
            throw BlocksmithException.defect(
                    "only a Llama with a tied head and without biases is trained from nothing");
        }
        Random random = new Random(seed);
        // Blocks add up along the residual stream; projections into it start smaller, as in GPT-2.
        double residual = INITIAL_SCALE / Math.sqrt(2.0 * config.blocks());
        NDArray embedding = normal(manager, random, INITIAL_SCALE, config.vocabulary(), config.hidden());
        List<BlockWeights> blocks = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            List<NDArray> linears = new ArrayList<>();
            for (Linear linear : Linear.values()) {
                double scale = linear == Linear.O || linear == Linear.DOWN ? residual : INITIAL_SCALE;
                linears.add(normal(manager, random, scale, config.rows(linear), config.columns(linear)));
            }
            List<NDArray> norms = List.of(ones(manager, config.hidden()), ones(manager, config.hidden()));
            blocks.add(new BlockWeights(linears, List.of(), norms));
        }
        return new Parameters(config, embedding, List.copyOf(blocks), ones(manager, config.hidden()));
    }

    private static NDArray normal(NDManager manager, Random random, double scale, long rows, long columns) {
        float[] values = new float[Math.toIntExact(rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return leaf(manager, values, rows, columns);
    }

    private static NDArray ones(NDManager manager, long size) {
        float[] values = new float[Math.toIntExact(size)];
        Arrays.fill(values, 1f);
        return leaf(manager, values, size);
    }

    private static NDArray leaf(NDManager manager, float[] values, long... shape) {
        return Gradients.leaf(manager.create(values, new Shape(shape)));
    }

    /** The matrices, which weight decay shrinks: the embedding, then each block's linears. */
    List<NDArray> matrices() {
        return Stream.concat(Stream.of(embedding), blocks.stream().flatMap(block -> block.linears().stream()))
                .toList();
    }

    /** The gains of all norms, which it does not. */
    List<NDArray> gains() {
        return Stream.concat(blocks.stream().flatMap(block -> block.norms().stream()), Stream.of(finalNorm))
                .toList();
    }

    /** Checkpoint entries, BF16, in the order of {@link #values()}. */
    static List<TensorInfo> entries(LlamaConfig config) {
        List<TensorInfo> entries = new ArrayList<>();
        entries.add(matrix(LlamaNames.EMBEDDING, config.vocabulary(), config.hidden()));
        for (int block = 0; block < config.blocks(); block++) {
            for (Linear linear : Linear.values()) {
                entries.add(matrix(LlamaNames.weight(block, linear), config.rows(linear), config.columns(linear)));
            }
        }
        for (int block = 0; block < config.blocks(); block++) {
            entries.add(TensorInfo.of(LlamaNames.attentionNorm(block), TensorType.BF16, config.hidden()));
            entries.add(TensorInfo.of(LlamaNames.feedForwardNorm(block), TensorType.BF16, config.hidden()));
        }
        entries.add(TensorInfo.of(LlamaNames.FINAL_NORM, TensorType.BF16, config.hidden()));
        return List.copyOf(entries);
    }

    private static TensorInfo matrix(String name, long rows, long columns) {
        return TensorInfo.of(name, TensorType.BF16, rows, columns);
    }

    /** A copy of every parameter, matrices before gains. */
    List<float[]> values() {
        return all().map(NDArray::toFloatArray).toList();
    }

    /** Writes back what {@link #values()} gave, into the memory of the arrays, which is the host's. */
    void restore(List<float[]> values) {
        List<NDArray> arrays = all().toList();
        for (int i = 0; i < arrays.size(); i++) {
            MemorySegment.ofBuffer(arrays.get(i).toByteBuffer(true)).copyFrom(MemorySegment.ofArray(values.get(i)));
        }
    }

    private Stream<NDArray> all() {
        return Stream.concat(matrices().stream(), gains().stream());
    }
}
