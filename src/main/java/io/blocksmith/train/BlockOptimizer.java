package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.quant.WeightGradient;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.tensor.Copy;
import io.blocksmith.tensor.Gradients;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves the parameters that the recipe trains, each group with its own learning rate: weights and norm gains, step sizes,
 * zero points.
 */
final class BlockOptimizer implements AutoCloseable {
    private final BlockState state;
    private final BlockAp recipe;
    private final AdamW weights;
    private final AdamW stepSizes;
    private final AdamW zeroPoints;
    private final StepSizeFloors floors;
    private final List<Bounds> bounds;

    /** The interval that learned rounding keeps a weight in, [N, K] each. */
    private record Bounds(NDArray weight, NDArray low, NDArray high) {}

    BlockOptimizer(BlockState state, BlockAp recipe, boolean symmetric, NDManager manager) {
        this.state = state;
        this.recipe = recipe;
        BlockAp.Trained trained = recipe.train();
        List<NDArray> weighty = new ArrayList<>();
        if (trained.weights()) {
            state.linears().forEach(linear -> weighty.add(linear.weight()));
        }
        if (trained.norms()) {
            state.norms().forEach(norm -> weighty.add(Gradients.leaf(norm)));
        }
        this.weights = new AdamW(weighty, recipe.adam(), manager);
        List<NDArray> steps = trained.stepSizes()
                ? state.linears().stream().map(TrainableWeight::stepSize).toList()
                : List.of();
        this.stepSizes = new AdamW(steps, recipe.adam(), manager);
        this.floors = new StepSizeFloors(steps);
        this.zeroPoints = new AdamW(
                trained.zeroPoints() && !symmetric
                        ? state.linears().stream()
                                .map(TrainableWeight::zeroPoint)
                                .toList()
                        : List.of(),
                recipe.adam(),
                manager);
        this.bounds = trained == BlockAp.Trained.ROUNDING
                ? state.linears().stream().map(BlockOptimizer::halfAStepAround).toList()
                : List.of();
    }

    private static Bounds halfAStepAround(TrainableWeight linear) {
        try (NDScope _ = new NDScope()) {
            NDArray weight = linear.weight();
            NDArray groups = weight.reshape(linear.stepSize().getShape().get(0), -1);
            NDArray half = linear.stepSize().mul(0.5f);
            NDArray low = groups.sub(half).reshape(weight.getShape());
            NDArray high = groups.add(half).reshape(weight.getShape());
            NDScope.unregister(low, high);
            return new Bounds(weight, low, high);
        }
    }

    /** Norm gains live across steps, so their gradients would add up. */
    void zeroNormGradients() {
        if (recipe.train().norms()) {
            state.norms().forEach(Gradients::zero);
        }
    }

    /** Global norm of the gradient of everything that is trained; {@code gradients} in the order of the linears. */
    double norm(List<WeightGradient> gradients) {
        return Math.sqrt(weights.squares(weighty(gradients))
                + stepSizes.squares(stepSizes(gradients))
                + zeroPoints.squares(zeroPoints(gradients)));
    }

    private List<NDArray> weighty(List<WeightGradient> gradients) {
        List<NDArray> weighty = new ArrayList<>();
        if (recipe.train().weights()) {
            gradients.forEach(gradient -> weighty.add(gradient.weight()));
        }
        if (recipe.train().norms()) {
            state.norms().forEach(norm -> weighty.add(norm.getGradient()));
        }
        return weighty;
    }

    private static List<NDArray> stepSizes(List<WeightGradient> gradients) {
        return gradients.stream().map(WeightGradient::stepSize).toList();
    }

    private static List<NDArray> zeroPoints(List<WeightGradient> gradients) {
        return gradients.stream().map(WeightGradient::zeroPoint).toList();
    }

    /** What a step at {@code factor} of the peak learning rates is, told of {@code tokens} and the gradient's norm. */
    Update update(long tokens, double norm, double factor) {
        BlockAp.LearningRates rates = recipe.learningRates();
        return new Update(
                tokens,
                norm,
                weights.rate(rates.weights() * factor),
                stepSizes.rate(rates.stepSizes() * factor),
                zeroPoints.rate(rates.zeroPoints() * factor));
    }

    /** One step with {@code gradients} in the order of the linears, at {@code factor} of the peak learning rates. */
    void step(List<WeightGradient> gradients, double factor) {
        BlockAp.LearningRates rates = recipe.learningRates();
        weights.step(weighty(gradients), rates.weights() * factor);
        stepSizes.step(stepSizes(gradients), rates.stepSizes() * factor);
        floors.lift();
        zeroPoints.step(zeroPoints(gradients), rates.zeroPoints() * factor);
        for (Bounds bound : bounds) {
            try (NDScope _ = new NDScope()) {
                Copy.into(bound.weight().maximum(bound.low()).minimum(bound.high()), bound.weight());
            }
        }
    }

    /**
     * Moments and step counts by name; aliases. Floors and the bounds of learned rounding are not among them: they follow
     * from the weights that training began from, which is where a resumed training begins too.
     */
    Map<String, NDArray> state() {
        Map<String, NDArray> arrays = new LinkedHashMap<>(weights.state("adam.weights"));
        arrays.putAll(stepSizes.state("adam.step_sizes"));
        arrays.putAll(zeroPoints.state("adam.zero_points"));
        return arrays;
    }

    @Override
    public void close() {
        weights.close();
        stepSizes.close();
        zeroPoints.close();
        bounds.forEach(bound -> {
            bound.low().close();
            bound.high().close();
        });
    }
}
