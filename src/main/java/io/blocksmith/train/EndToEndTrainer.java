package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.spec.EndToEnd;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * E2E-QP (paper section 3.3): codes are frozen and only step sizes (or zero points) are trained, on the next-token loss of
 * the whole model.
 *
 * <p>A batch is cut into a fixed number of shards whose gradients are added in their order, so that the result does not
 * depend on who computed which shard.
 */
public final class EndToEndTrainer implements AutoCloseable {
    /** Losses that a failure report shows. */
    private static final int LAST_LOSSES = 5;

    private final PackedModel model;
    private final EndToEnd recipe;
    private final Adjusted adjusted;
    private final NDManager manager;
    private final AdamW stepSizes;
    private final StepSizeFloors floors;
    private final AdamW zeroPoints;
    private final List<NDArray> trained;
    private final BatchShards shards;
    private final BestState best;
    private final Deque<Double> lastLosses = new ArrayDeque<>();

    // Where training is; with the arrays, all that its further course depends on.
    private long step;
    private long validatedStep = -1;
    private double epochLoss;
    private double startLoss = Double.NaN;
    private double loss = Double.NaN;
    private double trainLoss = Double.NaN;

    /**
     * What a failure policy may change in how a training is computed.
     *
     * @param learningRateFactor multiplies every learning rate
     * @param microBatches parts that the windows of a gradient shard pass the device in
     */
    public record Adjusted(double learningRateFactor, int microBatches) {
        /** As the recipe says. */
        public static final Adjusted NOT = new Adjusted(1, 1);
    }

    /** Trains the step sizes and zero points of {@code model} in place; {@code parent} owns the optimizer. */
    public EndToEndTrainer(PackedModel model, EndToEnd recipe, Adjusted adjusted, boolean symmetric, NDManager parent) {
        this.model = model;
        this.recipe = recipe;
        this.adjusted = adjusted;
        this.manager = parent.newSubManager();
        List<NDArray> steps = recipe.train().stepSizes()
                ? model.linears().stream().map(PackedWeight::stepSize).toList()
                : List.of();
        List<NDArray> zeros = recipe.train().zeroPoints() && !symmetric
                ? model.linears().stream().map(PackedWeight::zeroPoint).toList()
                : List.of();
        this.stepSizes = new AdamW(steps, recipe.adam(), manager);
        this.floors = new StepSizeFloors(steps);
        this.zeroPoints = new AdamW(zeros, recipe.adam(), manager);
        this.trained = new ArrayList<>(steps);
        this.trained.addAll(zeros);
        this.shards = new BatchShards(model, recipe, adjusted.microBatches(), manager);
        this.best = new BestState(recipe.keepBest() ? trained : List.of(), manager);
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

    /** Everything that the further course depends on, as it is between two steps. */
    public Snapshot snapshot() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("validated-step", (double) validatedStep);
        numbers.put("epoch-loss", epochLoss);
        numbers.put("start-loss", startLoss);
        numbers.put("loss", loss);
        numbers.put("train-loss", trainLoss);
        numbers.put("best-loss", best.loss());
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (int i = 0; i < trained.size(); i++) {
            arrays.put("trained.%d".formatted(i), trained.get(i));
        }
        arrays.putAll(stepSizes.state("step-sizes"));
        arrays.putAll(zeroPoints.state("zero-points"));
        arrays.putAll(best.state("best"));
        return new Snapshot(step, arrays, numbers);
    }

    /** Becomes what {@link #snapshot} was. */
    public void restore(Snapshot.Stored stored) {
        snapshot().restoreArrays(stored);
        step = stored.step();
        validatedStep = (long) stored.number("validated-step");
        epochLoss = stored.number("epoch-loss");
        startLoss = stored.number("start-loss");
        loss = stored.number("loss");
        trainLoss = stored.number("train-loss");
        best.resume(stored.number("best-loss"));
    }

    /** Optimizer steps done. */
    public long step() {
        return step;
    }

    /** Validation loss before the first step; NaN before that is known. */
    public double startLoss() {
        return startLoss;
    }

    /**
     * Trains to the end and leaves the kept state in place.
     *
     * @param betweenSteps run before each step, when {@link #snapshot} may be taken
     */
    public Outcome train(
            Samples training,
            Samples validation,
            GradientExchange exchange,
            TrainingListener listener,
            Runnable betweenSteps) {
        long steps = steps(training);
        while (true) {
            if (validatedStep < step && isValidated(training)) {
                loss = validate(validation, listener);
                best.offer(loss);
                validatedStep = step;
                if (step == 0) {
                    startLoss = loss;
                }
            }
            if (step == steps) {
                break;
            }
            betweenSteps.run();
            step(training, exchange, listener);
        }
        if (recipe.keepBest() && validation.count() > 0) {
            loss = best.restore();
        }
        return new Outcome(startLoss, loss, trainLoss);
    }

    /**
     * Takes the remaining steps as another replica does that leads: without validations, and without keeping the best.
     *
     * @throws RuntimeException whatever {@code exchange} throws, with the state as it was before that step
     */
    public void follow(Samples training, GradientExchange exchange, TrainingListener listener) {
        while (step < steps(training)) {
            step(training, exchange, listener);
        }
    }

    private long stepsPerEpoch(Samples training) {
        return Math.ceilDiv(training.count(), recipe.batchSize());
    }

    private long steps(Samples training) {
        return stepsPerEpoch(training) * recipe.epochs();
    }

    private boolean isValidated(Samples training) {
        return step % stepsPerEpoch(training) == 0
                || (recipe.validateEvery() > 0 && step % recipe.validateEvery() == 0);
    }

    /** Rounded up; but the first step of a warm-up has learning rate 0, so a training of one step has none. */
    private long warmUpSteps(long steps) {
        return Math.min((long) Math.ceil(recipe.warmUp() * steps), Math.max(0, steps - 1));
    }

    /** One optimizer step. */
    private void step(Samples training, GradientExchange exchange, TrainingListener listener) {
        long perEpoch = stepsPerEpoch(training);
        long steps = steps(training);
        int epoch = (int) (step / perEpoch) + 1;
        int first = (int) (step % perEpoch) * recipe.batchSize();
        int last = Math.min(training.count(), first + recipe.batchSize());
        shards.begin(training.range(first, last), listener::waited);
        double stepLoss = exchange.gather(step, shards) / shards.tokens();
        Schedule schedule = new Schedule(steps, warmUpSteps(steps), recipe.finalLearningRateFactor());
        Update update;
        try (NDScope _ = new NDScope()) {
            update = update(stepLoss, schedule.factor(step) * adjusted.learningRateFactor());
        }
        // From here on the step is done, whatever the listener throws.
        step++;
        epochLoss += stepLoss;
        if (step % perEpoch == 0) {
            trainLoss = epochLoss / perEpoch;
            epochLoss = 0;
        }
        listener.updated(update);
        listener.stepped(epoch, step, steps, stepLoss);
    }

    /** Clips the global norm of what is trained, then moves it. */
    private Update update(double stepLoss, double factor) {
        List<NDArray> clipped = shards.trainedSum();
        double squares = 0;
        for (NDArray array : clipped) {
            // One array's squares at a time: all of them would be as much memory as the gradient.
            try (NDArray square = array.square();
                    NDArray sum = square.sum()) {
                squares += sum.getFloat();
            }
        }
        double norm = Math.sqrt(squares);
        requireFinite(stepLoss, norm);
        double scale = Math.min(1, recipe.gradientClip() / (norm + 1e-6));
        clipped.forEach(array -> array.muli(scale));
        PackedModel.Gradient sum = shards.sum();
        double stepSizesRate = recipe.learningRates().stepSizes() * factor;
        double zeroPointsRate = recipe.learningRates().zeroPoints() * factor;
        stepSizes.step(sum.stepSizes(), stepSizesRate);
        floors.lift();
        zeroPoints.step(sum.zeroPoints(), zeroPointsRate);
        return new Update(
                shards.computedTokens(),
                norm,
                Double.NaN,
                stepSizes.rate(stepSizesRate),
                zeroPoints.rate(zeroPointsRate));
    }

    private void requireFinite(double stepLoss, double norm) {
        if (!Double.isFinite(stepLoss) || !Double.isFinite(norm)) {
            throw notFinite("training loss %s and gradient norm %s at step %d".formatted(stepLoss, norm, step + 1));
        }
        lastLosses.addLast(stepLoss);
        if (lastLosses.size() > LAST_LOSSES) {
            lastLosses.removeFirst();
        }
    }

    private BlocksmithException notFinite(String what) {
        return new BlocksmithException(
                Category.NOT_FINITE,
                ("E2E-QP: %s; training losses before it: %s. Should it stay so, lower end-to-end.learning-rates, or set"
                                + " numerics = float32")
                        .formatted(what, lastLosses.isEmpty() ? "none" : lastLosses),
                null);
    }

    private double validate(Samples validation, TrainingListener listener) {
        if (validation.count() == 0) {
            return Double.NaN;
        }
        // As many windows at once as training has, so that validation needs no more memory.
        int atOnce = Math.max(1, recipe.batchSize() / recipe.gradientShards() / adjusted.microBatches());
        double total = 0;
        long tokens = 0;
        for (int first = 0; first < validation.count(); first += atOnce) {
            int[][] windows = validation.range(first, Math.min(validation.count(), first + atOnce));
            total += model.loss(windows);
            tokens += (long) windows.length * (windows[0].length - 1);
            listener.waited();
        }
        double mean = total / tokens;
        if (!Double.isFinite(mean)) {
            throw notFinite("validation loss %s after step %d".formatted(mean, step));
        }
        listener.validated(step, mean);
        return mean;
    }

    @Override
    public void close() {
        best.close();
        stepSizes.close();
        zeroPoints.close();
        manager.close();
    }
}
