package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.spec.Adam;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) over a list of parameters, in place, in one pass over memory: libtorch's
 * fused kernel, with epsilon added after bias correction as PyTorch does.
 */
public final class AdamW implements AutoCloseable {
    private static final String SOURCE = """
          def update(self: __torch__.Functions, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor], lr: Tensor) -> Tensor:
            none = annotate(List[Tensor], [])
            torch._foreach_add_(t, 1)
            torch._fused_adamw_(p, g, m, v, none, t, lr=float(lr), beta1=$BETA1, beta2=$BETA2, weight_decay=$DECAY, eps=$EPSILON, amsgrad=False, maximize=False, grad_scale=None, found_inf=None)
            return lr
        """;

    private final NDManager manager;
    private final Script script;
    private final List<NDArray> parameters;
    private final List<NDArray> firstMoments;
    private final List<NDArray> secondMoments;
    private final List<NDArray> steps;

    /** An optimizer at step 0. {@code parameters} are float32 and stay the caller's; moments belong to {@code manager}. */
    public AdamW(List<NDArray> parameters, Adam constants, NDManager manager) {
        this.manager = manager;
        this.parameters = List.copyOf(parameters);
        this.firstMoments = parameters.stream().map(p -> zeros(p.getShape())).toList();
        this.secondMoments = parameters.stream().map(p -> zeros(p.getShape())).toList();
        this.steps = parameters.stream().map(_ -> zeros(new Shape())).toList();
        this.script = Script.compile(
                manager,
                SOURCE.replace("$BETA1", Double.toString(constants.beta1()))
                        .replace("$BETA2", Double.toString(constants.beta2()))
                        .replace("$DECAY", Double.toString(constants.weightDecay()))
                        .replace("$EPSILON", Double.toString(constants.epsilon())));
    }

    private NDArray zeros(Shape shape) {
        NDArray array = manager.zeros(shape);
        NDScope.unregister(array);
        return array;
    }

    /** {@code learningRate}, or NaN when there is nothing to move. */
    double rate(double learningRate) {
        return parameters.isEmpty() ? Double.NaN : learningRate;
    }

    /** Sum of the squares of the gradients of the parameters; 0 when there is nothing to move. */
    double squares(List<NDArray> gradients) {
        double squares = 0;
        for (int i = 0; i < parameters.size(); i++) {
            try (NDArray norm = gradients.get(i).norm()) {
                squares += Math.pow(norm.getFloat(), 2);
            }
        }
        return squares;
    }

    /** Moves every parameter by its gradient; {@code gradients} in the order of the parameters. */
    public void step(List<NDArray> gradients, double learningRate) {
        if (parameters.isEmpty()) {
            return;
        }
        try (NDArray rate = manager.create((float) learningRate)) {
            script.call(
                    "update",
                    List.of(
                            Argument.of(parameters),
                            Argument.of(gradients),
                            Argument.of(firstMoments),
                            Argument.of(secondMoments),
                            Argument.of(steps),
                            Argument.of(rate)));
        }
    }

    /** Moments and step counts as {@code prefix.first.0}, {@code prefix.second.0}, {@code prefix.steps.0}, ...; aliases. */
    Map<String, NDArray> state(String prefix) {
        Map<String, NDArray> state = new LinkedHashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            state.put("%s.first.%d".formatted(prefix, i), firstMoments.get(i));
            state.put("%s.second.%d".formatted(prefix, i), secondMoments.get(i));
            state.put("%s.steps.%d".formatted(prefix, i), steps.get(i));
        }
        return state;
    }

    @Override
    public void close() {
        script.close();
    }
}
