package io.blocksmith.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.List;

/**
 * The last norm, the output head and the next-token loss. Logits are made for a few positions at a time, because [T, V] of
 * a large vocabulary outweighs a whole block.
 */
public final class OutputHead implements AutoCloseable {
    /** A target that is not scored. */
    public static final int IGNORED = -100;

    /** Positions whose logits are in memory at once. */
    public static final int POSITIONS = 512;

    private static final String SOURCE = """
          def logits(self: __torch__.Functions, x: Tensor, gain: Tensor, head: Tensor) -> Tensor:
            scale = torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), $EPSILON))
            return torch.linear(torch.mul(torch.mul(x, scale), gain), head, None)
          def loss(self: __torch__.Functions, x: Tensor, gain: Tensor, head: Tensor, targets: Tensor) -> Tensor:
            y = (self).logits(x, gain, head)
            return torch.cross_entropy_loss(y, targets, None, 2, $IGNORED, 0.)
        """;

    private final NDArray gain;
    private final NDArray head;
    private final Script script;

    private OutputHead(NDArray gain, NDArray head, Script script) {
        this.gain = gain;
        this.head = head;
        this.script = script;
    }

    /** The head of {@code weights}; its arrays belong to {@code manager}. */
    public static OutputHead of(LlamaWeights weights, NDManager manager) {
        String source = SOURCE.replace(
                        "$EPSILON", Double.toString(weights.config().normEpsilon()))
                .replace("$IGNORED", Integer.toString(IGNORED));
        return new OutputHead(weights.finalNorm(manager), weights.head(manager), Script.compile(manager, source));
    }

    /** The token after each position of {@code windows} [n][T], as [n * T]; a window's last position has none. */
    public static NDArray targets(int[][] windows, NDManager manager) {
        int length = windows[0].length;
        long[] targets = new long[windows.length * length];
        for (int n = 0; n < windows.length; n++) {
            for (int t = 0; t < length; t++) {
                targets[n * length + t] = t + 1 < length ? windows[n][t + 1] : IGNORED;
            }
        }
        return manager.create(targets, new Shape(targets.length));
    }

    /** Logits [.., V] of hidden states [.., H], owned by the caller's scope. */
    public NDArray logits(NDArray hidden) {
        return script.call("logits", List.of(Argument.of(hidden), Argument.of(gain), Argument.of(head)))
                .head();
    }

    /**
     * Sum of the cross-entropies, in nats, of {@code targets} under the logits of {@code hidden}.
     *
     * @param hidden [P, H]
     * @param targets [P] token ids, int64
     */
    public double loss(NDArray hidden, NDArray targets) {
        double total = 0;
        long positions = hidden.getShape().get(0);
        for (long first = 0; first < positions; first += POSITIONS) {
            try (NDScope _ = new NDScope()) {
                NDIndex window = new NDIndex().addSliceDim(first, Math.min(positions, first + POSITIONS));
                total += value(loss(hidden.get(window), targets.get(window), false));
            }
        }
        return total;
    }

    /**
     * A loss with its gradient.
     *
     * @param loss sum of the cross-entropies in nats
     * @param hidden gradient of {@code loss * scale} by the hidden states [P, H], owned by the caller's scope
     */
    public record LossGradient(double loss, NDArray hidden) {}

    /** As {@link #loss(NDArray, NDArray)}, with the gradient of {@code loss * scale} by {@code hidden}. */
    public LossGradient lossAndGradient(NDArray hidden, NDArray targets, double scale) {
        double total = 0;
        NDList parts = new NDList();
        long positions = hidden.getShape().get(0);
        for (long first = 0; first < positions; first += POSITIONS) {
            NDIndex window = new NDIndex().addSliceDim(first, Math.min(positions, first + POSITIONS));
            NDArray x = Gradients.leaf(hidden.get(window).stopGradient());
            parts.add(x);
            try (NDScope _ = new NDScope()) {
                NDArray loss = loss(x, targets.get(window), true);
                Gradients.backward(loss, hidden.getManager().create((float) scale));
                total += value(loss);
            }
        }
        NDList gradients = new NDList();
        parts.forEach(part -> gradients.add(part.getGradient()));
        return new LossGradient(total, NDArrays.concat(gradients));
    }

    private NDArray loss(NDArray hidden, NDArray targets, boolean recorded) {
        List<Argument> arguments =
                List.of(Argument.of(hidden), Argument.of(gain), Argument.of(head), Argument.of(targets));
        return recorded
                ? Gradients.record(() -> script.call("loss", arguments).head())
                : script.call("loss", arguments).head();
    }

    private static double value(NDArray scalar) {
        return scalar.stopGradient().getFloat();
    }

    @Override
    public void close() {
        script.close();
    }
}
