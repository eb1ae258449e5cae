package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Iterator;

/**
 * The decoder block in paper order, one array operation at a time. This is the readable reference that
 * {@link ScriptedBlock} is tested against; training uses the scripted one.
 */
public final class PlainBlock implements DecoderBlock {
    private final LlamaConfig config;
    private final RotaryTable rotary;

    /** A block for sequences of the length of {@code rotary}. */
    public PlainBlock(LlamaConfig config, RotaryTable rotary) {
        this.config = config;
        this.rotary = rotary;
    }

    @Override
    public NDArray forward(NDArray x, BlockWeights weights) {
        Iterator<NDArray> biases = weights.biases().iterator();
        NDArray attended = attention(norm(x, weights.norms().get(0)), weights, biases);
        NDArray residual = x.add(attended);
        NDArray fed = feedForward(norm(residual, weights.norms().get(1)), weights, biases);
        return residual.add(fed);
    }

    private NDArray attention(NDArray x, BlockWeights weights, Iterator<NDArray> biases) {
        long n = x.getShape().get(0);
        long t = x.getShape().get(1);
        NDArray query = rotate(heads(project(x, weights, Linear.Q, biases), config.heads()));
        NDArray key = rotate(heads(project(x, weights, Linear.K, biases), config.keyValueHeads()));
        NDArray value = heads(project(x, weights, Linear.V, biases), config.keyValueHeads());
        int shared = config.heads() / config.keyValueHeads();
        NDArray scores = query.matMul(repeat(key, shared).swapAxes(2, 3))
                .mul(1.0 / Math.sqrt(config.headSize()))
                .add(causalMask(x.getManager(), t));
        NDArray mixed = scores.softmax(-1).matMul(repeat(value, shared));
        NDArray joined = mixed.swapAxes(1, 2).reshape(n, t, (long) config.heads() * config.headSize());
        return project(joined, weights, Linear.O, biases);
    }

    private NDArray feedForward(NDArray x, BlockWeights weights, Iterator<NDArray> biases) {
        NDArray gate = project(x, weights, Linear.GATE, biases);
        NDArray up = project(x, weights, Linear.UP, biases);
        NDArray silu = gate.mul(gate.neg().exp().add(1).pow(-1));
        return project(silu.mul(up), weights, Linear.DOWN, biases);
    }

    private NDArray norm(NDArray x, NDArray gain) {
        NDArray meanSquare = x.square().mean(new int[] {-1}, true);
        return x.div(meanSquare.add(config.normEpsilon()).sqrt()).mul(gain);
    }

    private NDArray project(NDArray x, BlockWeights weights, Linear linear, Iterator<NDArray> biases) {
        NDArray y = x.matMul(weights.linear(linear).transpose());
        return config.hasBias(linear) ? y.add(biases.next()) : y;
    }

    /** [n, T, heads * D] to [n, heads, T, D]. */
    private NDArray heads(NDArray x, int heads) {
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), heads, config.headSize()).swapAxes(1, 2);
    }

    private NDArray rotate(NDArray x) {
        long half = config.headSize() / 2;
        NDArray first = x.get(new NDIndex("..., :{}", half));
        NDArray second = x.get(new NDIndex("..., {}:", half));
        return x.mul(rotary.cosine()).add(second.neg().concat(first, -1).mul(rotary.sine()));
    }

    /** Every key or value head serves {@code times} query heads that follow each other. */
    private static NDArray repeat(NDArray x, int times) {
        return times == 1 ? x : x.repeat(1, times);
    }

    private static NDArray causalMask(NDManager manager, long length) {
        NDArray positions = manager.arange((int) length).toType(DataType.FLOAT32, false);
        NDArray future = positions.expandDims(0).gt(positions.expandDims(1));
        return future.toType(DataType.FLOAT32, false).mul(-1e30f);
    }
}
