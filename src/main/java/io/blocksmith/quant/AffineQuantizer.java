package io.blocksmith.quant;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Script;
import io.blocksmith.tensor.Script.Argument;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The quantizer {@code W^ = (clamp(round(W / s) + z, 0, Q) - z) * s} and its gradient in closed form.
 *
 * <p>With G = dL/dW^, u = W / s, inside = (0 <= round(u) + z <= Q) and c the clamped code, straight-through rounding gives
 * {@code dW = G * inside}, {@code ds = sum G * ((c - z) - inside * u)}, {@code dz = sum -G * s * (1 - inside)}, the sums
 * over a group. So no graph is recorded through the quantizer: W^ is a leaf of the block's graph.
 *
 * <p>The zero point is used rounded and clamped to [0, Q], the step size clamped as {@link StepSizes} says, both straight
 * through.
 */
public final class AffineQuantizer implements AutoCloseable {
    private static final String SOURCE = """
          def least(self: __torch__.Functions, w: Tensor) -> Tensor:
            largest = torch.amax(torch.abs(w))
            relative = torch.mul(largest, $RELATIVE)
            return torch.clamp(torch.add(relative, torch.mul(torch.eq(largest, 0), $OF_NOTHING)), $LEAST_STEP)
          def start(self: __torch__.Functions, w: Tensor, rows: Tensor) -> List[Tensor]:
            g = torch.reshape(w, [torch.size(rows, 0), -1])
            low = torch.clamp(torch.amin(g, [1], True), None, 0)
            high = torch.clamp(torch.amax(g, [1], True), 0)
            s = torch.maximum(torch.div(torch.sub(high, low), $Q), (self).least(w))
            z = torch.clamp(torch.round(torch.div(torch.neg(low), s)), 0, $Q)
            return [s, z]
          def start_symmetric(self: __torch__.Functions, w: Tensor, rows: Tensor) -> List[Tensor]:
            g = torch.reshape(w, [torch.size(rows, 0), -1])
            s = torch.maximum(torch.div(torch.amax(torch.abs(g), [1], True), $HALF), (self).least(w))
            return [s, torch.full_like(s, $MIDDLE)]
          def step_size(self: __torch__.Functions, s: Tensor) -> Tensor:
            return torch.clamp(s, $LEAST_STEP, $LARGEST_STEP)
          def zero_point(self: __torch__.Functions, z: Tensor) -> Tensor:
            return torch.clamp_(torch.round(z), 0, $Q)
          def quantize(self: __torch__.Functions, w: List[Tensor], s: List[Tensor], z: List[Tensor]) -> List[Tensor]:
            out = annotate(List[Tensor], [])
            for i in range(torch.len(w)):
              se = (self).step_size(s[i])
              ze = (self).zero_point(z[i])
              v = torch.div(torch.reshape(w[i], [torch.size(se, 0), -1]), se)
              v = torch.clamp_(torch.add_(torch.round_(v), ze), 0, $Q)
              v = torch.mul_(torch.sub_(v, ze), se)
              _0 = torch.append(out, torch.reshape(v, torch.size(w[i])))
            return out
          def codes(self: __torch__.Functions, w: Tensor, s: Tensor, z: Tensor) -> Tensor:
            se = (self).step_size(s)
            v = torch.div(torch.reshape(w, [torch.size(se, 0), -1]), se)
            v = torch.clamp_(torch.add_(torch.round_(v), (self).zero_point(z)), 0, $Q)
            return torch.reshape(torch.to(v, 0), torch.size(w))
          def gradients(self: __torch__.Functions, w: List[Tensor], g: List[Tensor], s: List[Tensor], z: List[Tensor]) -> List[Tensor]:
            out = annotate(List[Tensor], [])
            for i in range(torch.len(w)):
              se = (self).step_size(s[i])
              ze = (self).zero_point(z[i])
              gi = torch.reshape(g[i], [torch.size(se, 0), -1])
              u = torch.div(torch.reshape(w[i], torch.size(gi)), se)
              q = torch.add_(torch.round(u), ze)
              c = torch.clamp(q, 0, $Q)
              inside = torch.eq(q, c)
              c = torch.mul_(torch.sub_(c, ze), gi)
              all = torch.sum(gi, [1], True)
              gi = torch.mul_(gi, inside)
              ds = torch.sum(torch.sub_(c, torch.mul_(u, gi)), [1], True)
              dz = torch.mul_(torch.sub(torch.sum(gi, [1], True), all), se)
              _0 = torch.append(out, torch.reshape(gi, torch.size(w[i])))
              _1 = torch.append(out, ds)
              _2 = torch.append(out, dz)
            return out
        """;

    /**
     * Of a weight's largest magnitude over Q, the least step size that a group starts with: a group of zeros needs some,
     * and what one of numbers 4096 times smaller than the largest loses by it changes no output.
     */
    private static final double RELATIVE = 0x1p-12;
    /** Step size of a weight that is zero throughout; any would do. */
    private static final double OF_NOTHING = 0x1p-13;

    private final Quantization grid;
    private final Script script;

    public AffineQuantizer(Quantization grid, NDManager manager) {
        this.grid = grid;
        String source = SOURCE.replace("$Q", Integer.toString(grid.maxCode()))
                .replace("$HALF", Double.toString(grid.maxCode() / 2.0))
                .replace("$MIDDLE", Integer.toString(1 << (grid.bits() - 1)))
                .replace("$RELATIVE", Double.toString(RELATIVE / grid.maxCode()))
                .replace("$OF_NOTHING", Double.toString(OF_NOTHING));
        this.script = Script.compile(manager, StepSizes.in(source));
    }

    public Quantization grid() {
        return grid;
    }

    /**
     * Round-to-nearest start: s and z from the range of each group of {@code weight} [N, K]. Zero is always in the range,
     * also where all weights of a group have one sign: a zero point outside [0, Q] cannot be had, and clamping one would
     * cut the group off.
     */
    public TrainableWeight start(NDArray weight) {
        long groups =
                weight.getShape().size() / grid.groupColumns(weight.getShape().get(1));
        NDArray rows = weight.getManager().zeros(new Shape(groups));
        String method = grid.symmetric() ? "start_symmetric" : "start";
        NDList start = script.call(method, List.of(Argument.of(weight), Argument.of(rows)));
        rows.close();
        return new TrainableWeight(weight, start.get(0), start.get(1));
    }

    /** W^ of each weight, [N, K]. */
    public List<NDArray> quantize(List<TrainableWeight> weights) {
        return script.call(
                "quantize",
                List.of(
                        arguments(weights, TrainableWeight::weight),
                        arguments(weights, TrainableWeight::stepSize),
                        arguments(weights, TrainableWeight::zeroPoint)));
    }

    /**
     * Gradients by W, s and z from the gradients by W^.
     *
     * @param outer dL/dW^ of each weight, [N, K]; overwritten, the returned weight gradients are the same memory
     */
    public List<WeightGradient> gradients(List<TrainableWeight> weights, List<NDArray> outer) {
        NDList flat = script.call(
                "gradients",
                List.of(
                        arguments(weights, TrainableWeight::weight),
                        Argument.of(outer),
                        arguments(weights, TrainableWeight::stepSize),
                        arguments(weights, TrainableWeight::zeroPoint)));
        List<WeightGradient> gradients = new ArrayList<>();
        for (int i = 0; i < flat.size(); i += 3) {
            gradients.add(new WeightGradient(flat.get(i), flat.get(i + 1), flat.get(i + 2)));
        }
        return gradients;
    }

    /** Codes [N, K], unsigned bytes. */
    public NDArray codes(TrainableWeight weight) {
        return script.call(
                        "codes",
                        List.of(
                                Argument.of(weight.weight()),
                                Argument.of(weight.stepSize()),
                                Argument.of(weight.zeroPoint())))
                .head();
    }

    /** The step size as the quantizer uses it. */
    public NDArray usedStepSize(TrainableWeight weight) {
        return script.call("step_size", List.of(Argument.of(weight.stepSize()))).head();
    }

    /** The zero point as the quantizer uses it: whole numbers in [0, maxCode], float32. */
    public NDArray usedZeroPoint(TrainableWeight weight) {
        return script.call("zero_point", List.of(Argument.of(weight.zeroPoint())))
                .head();
    }

    private static Argument arguments(List<TrainableWeight> weights, Function<TrainableWeight, NDArray> part) {
        return Argument.of(weights.stream().map(part).toList());
    }

    @Override
    public void close() {
        script.close();
    }
}
