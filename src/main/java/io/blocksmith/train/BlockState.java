package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.TrainableWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What Block-AP trains of one block.
 *
 * @param linears the seven linears under quantization, in the order of {@link io.blocksmith.llama.Linear}
 * @param biases never trained
 * @param norms gains [H]
 */
public record BlockState(List<TrainableWeight> linears, List<NDArray> biases, List<NDArray> norms) {
    public BlockState {
        linears = List.copyOf(linears);
        biases = List.copyOf(biases);
        norms = List.copyOf(norms);
    }

    /** The start of training: step sizes and zero points from each group's smallest and largest weight. */
    public static BlockState roundToNearest(BlockWeights weights, AffineQuantizer quantizer) {
        List<TrainableWeight> linears =
                weights.linears().stream().map(quantizer::start).toList();
        return new BlockState(linears, weights.biases(), weights.norms());
    }

    /** The weights that the block computes with: W^ and the rest, [N, K] each, owned by the caller's scope. */
    public BlockWeights quantized(AffineQuantizer quantizer) {
        return new BlockWeights(quantizer.quantize(linears), biases, norms);
    }

    /** Every array that training may change, in a fixed order. */
    List<NDArray> trainable() {
        List<NDArray> arrays = new ArrayList<>();
        linears.forEach(linear -> Stream.of(linear.weight(), linear.stepSize(), linear.zeroPoint())
                .forEach(arrays::add));
        arrays.addAll(norms);
        return arrays;
    }
}
