package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * The parameters of one decoder block as float32 arrays on a device. Shapes: N output rows, K input columns, H hidden.
 *
 * @param linears weights [N, K] in the order of {@link Linear}
 * @param biases biases [N] of the linears that have one, in the order of {@link Linear}
 * @param norms gains [H] of the norm before attention and the norm before the feed-forward part
 */
public record BlockWeights(List<NDArray> linears, List<NDArray> biases, List<NDArray> norms) {
    public BlockWeights {
        linears = List.copyOf(linears);
        biases = List.copyOf(biases);
        norms = List.copyOf(norms);
    }

    public NDArray linear(Linear linear) {
        return linears.get(linear.index());
    }

    /** The same biases and norms around other linears, e.g. quantized ones. */
    public BlockWeights withLinears(List<NDArray> others) {
        return new BlockWeights(others, biases, norms);
    }
}
