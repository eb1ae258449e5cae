package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.spec.EndToEnd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * E2E-QP (paper section 3.3): codes are frozen and only step sizes (or zero points) are trained, on the next-token loss of
 * the whole model.
 *
 * <p>A batch is cut into a fixed number of shards whose gradients are added in their order, so that the result does not
 * depend on who computed which shard.
 */
public final class EndToEndTrainer implements AutoCloseable {
    private final PackedModel model;
    private final EndToEnd recipe;
    private final NDManager manager;
    private final AdamW stepSizes;
    private final AdamW zeroPoints;
    private final List<NDArray> trained;
    private final PackedModel.Gradient gradient;

    /** Trains the step sizes and zero points of {@code model} in place; {@code parent} owns the optimizer. */
    public EndToEndTrainer(PackedModel model, EndToEnd recipe, boolean symmetric, NDManager parent) {
        this.model = model;
        this.recipe = recipe;
        this.manager = parent.newSubManager();
        List<NDArray> steps = recipe.train().stepSizes()
                ? model.linears().stream().map(PackedWeight::stepSize).toList()
                : List.of();
        List<NDArray> zeros = recipe.train().zeroPoints() && !symmetric
                ? model.linears().stream().map(PackedWeight::zeroPoint).toList()
                : List.of();
        this.stepSizes = new AdamW(steps, recipe.adam(), manager);
        this.zeroPoints = new AdamW(zeros, recipe.adam(), manager);
        this.trained = new ArrayList<>(steps);
        this.trained.addAll(zeros);
        this.gradient = model.newGradient(manager);
    }

    /**
     * What training came to.
     *
     * @param startLoss validation loss, mean nats per token, after Block-AP
     * @param finalLoss that of the state that is kept; NaN without validation windows
     * @param lastTrainLoss mean training loss of the last epoch
     */
    public record Outcome(double startLoss, double finalLoss, double lastTrainLoss) {}

    /** Windows by index, each of the same length. */
    public record Samples(int count, IntFunction<int[]> window) {
        int[][] range(int first, int last) {
            int[][] windows = new int[last - first][];
            for (int i = first; i < last; i++) {
                windows[i - first] = window.apply(i);
            }
            return windows;
        }
    }

    /** Trains over all epochs and leaves the kept state in place. */
    public Outcome train(Samples training, Samples validation, TrainingListener listener) {
        long stepsPerEpoch = ((long) training.count() + recipe.batchSize() - 1) / recipe.batchSize();
        long steps = stepsPerEpoch * recipe.epochs();
        Schedule schedule = new Schedule(steps, warmUpSteps(steps), recipe.finalLearningRateFactor());
        double startLoss = validate(validation, 0, listener);
        double loss = startLoss;
        double trainLoss = Double.NaN;
        try (BestState best = new BestState(recipe.keepBest() ? trained : List.of(), manager)) {
            best.offer(startLoss);
            long step = 0;
            for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
                double total = 0;
                for (int first = 0; first < training.count(); first += recipe.batchSize()) {
                    int last = Math.min(training.count(), first + recipe.batchSize());
                    double stepLoss = step(training.range(first, last), schedule.factor(step), step, listener);
                    total += stepLoss;
                    step++;
                    listener.stepped(epoch, step, steps, stepLoss);
                    boolean epochEnds = last == training.count();
                    if (epochEnds || (recipe.validateEvery() > 0 && step % recipe.validateEvery() == 0)) {
                        loss = validate(validation, step, listener);
                        best.offer(loss);
                    }
                }
                trainLoss = total / stepsPerEpoch;
            }
            if (recipe.keepBest() && validation.count() > 0) {
                loss = best.restore();
            }
        }
        return new Outcome(startLoss, loss, trainLoss);
    }

    /** Rounded up; but the first step of a warm-up has learning rate 0, so a training of one step has none. */
    private long warmUpSteps(long steps) {
        return Math.min((long) Math.ceil(recipe.warmUp() * steps), Math.max(0, steps - 1));
    }

    /** One optimizer step over a batch; returns its mean loss per token. */
    private double step(int[][] batch, double scheduleFactor, long step, TrainingListener listener) {
        long tokens = (long) batch.length * (batch[0].length - 1);
        double loss = 0;
        gradient.clear();
        for (int shard = 0; shard < recipe.gradientShards(); shard++) {
            int first = (int) ((long) batch.length * shard / recipe.gradientShards());
            int last = (int) ((long) batch.length * (shard + 1) / recipe.gradientShards());
            if (first < last) {
                loss += model.addGradient(Arrays.copyOfRange(batch, first, last), 1.0 / tokens, gradient);
                listener.waited();
            }
        }
        try (NDScope _ = new NDScope()) {
            update(loss / tokens, step, scheduleFactor);
        }
        return loss / tokens;
    }

    /** Clips the global norm of what is trained, then moves it. */
    private void update(double loss, long step, double scheduleFactor) {
        List<NDArray> clipped = new ArrayList<>();
        if (recipe.train().stepSizes()) {
            clipped.addAll(gradient.stepSizes());
        }
        if (recipe.train().zeroPoints()) {
            clipped.addAll(gradient.zeroPoints());
        }
        double squares = 0;
        for (NDArray array : clipped) {
            squares += array.square().sum().getFloat();
        }
        double norm = Math.sqrt(squares);
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new BlocksmithException(
                    Category.TRANSIENT,
                    "E2E-QP: loss %s and gradient norm %s at step %d".formatted(loss, norm, step + 1),
                    null);
        }
        double scale = Math.min(1, recipe.gradientClip() / (norm + 1e-6));
        clipped.forEach(array -> array.muli(scale));
        stepSizes.step(gradient.stepSizes(), recipe.learningRates().stepSizes() * scheduleFactor);
        zeroPoints.step(gradient.zeroPoints(), recipe.learningRates().zeroPoints() * scheduleFactor);
    }

    private double validate(Samples validation, long step, TrainingListener listener) {
        if (validation.count() == 0) {
            return Double.NaN;
        }
        // As many windows at once as a gradient shard has, so that validation needs no more memory than training.
        int atOnce = Math.max(1, recipe.batchSize() / recipe.gradientShards());
        double total = 0;
        long tokens = 0;
        for (int first = 0; first < validation.count(); first += atOnce) {
            int[][] windows = validation.range(first, Math.min(validation.count(), first + atOnce));
            total += model.loss(windows);
            tokens += (long) windows.length * (windows[0].length - 1);
            listener.waited();
        }
        double loss = total / tokens;
        if (!Double.isFinite(loss)) {
            throw new BlocksmithException(
                    Category.TRANSIENT, "E2E-QP: validation loss is %s at step %d".formatted(loss, step), null);
        }
        listener.validated(step, loss);
        return loss;
    }

    @Override
    public void close() {
        stepSizes.close();
        zeroPoints.close();
        manager.close();
    }
}
