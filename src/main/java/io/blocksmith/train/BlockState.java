package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.TrainableWeight;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    /** Every array that training may change by its name, in a fixed order; aliases. */
    Map<String, NDArray> trainable() {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (int i = 0; i < linears.size(); i++) {
            arrays.put("weight." + i, linears.get(i).weight());
            arrays.put("step_size." + i, linears.get(i).stepSize());
            arrays.put("zero_point." + i, linears.get(i).zeroPoint());
        }
        for (int i = 0; i < norms.size(); i++) {
            arrays.put("norm." + i, norms.get(i));
        }
        return arrays;
    }
}
