package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.quant.WeightGradient;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.NativeHeap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Block-AP (paper section 3.2): all parameters of one block, weights, step sizes, zero points and norm gains, are trained
 * to make the block of quantized weights, fed with the quantized stream, answer as the full-precision block does.
 */
public final class BlockApTrainer implements AutoCloseable {
    private static final String BEST_LOSS = "best-loss";

    /** Losses that a failure tells. */
    private static final int TOLD_LOSSES = 10;

    private final DecoderBlock block;
    private final AffineQuantizer quantizer;
    private final BlockAp recipe;
    private final double learningRateFactor;
    private final int microBatches;
    private final BlockState state;
    private final NDManager manager;
    private final BlockOptimizer optimizer;
    private final BestState best;
    private final Deque<Double> lastLosses = new ArrayDeque<>();
    private Position position = Position.START;

    /**
     * Makes a trainer.
     *
     * @param learningRateFactor multiplies every learning rate; below 1 in the repair pass and after losses that were not
     *     finite
     * @param microBatches parts that a batch passes the device in, one after the other, for less memory; their gradients
     *     add up to those of the whole batch within rounding
     * @param state the start of the training, trained in place
     * @param parent owns, through a sub-manager, the optimizer and the best state
     */
    public BlockApTrainer(
            DecoderBlock block,
            AffineQuantizer quantizer,
            BlockAp recipe,
            double learningRateFactor,
            int microBatches,
            BlockState state,
            NDManager parent) {
        this.block = block;
        this.quantizer = quantizer;
        this.recipe = recipe;
        this.learningRateFactor = learningRateFactor;
        this.microBatches = microBatches;
        this.state = state;
        this.manager = parent.newSubManager();
        this.optimizer = new BlockOptimizer(state, recipe, quantizer.grid().symmetric(), manager);
        this.best = new BestState(recipe.keepBest() ? state.trainable().values() : List.of(), manager);
    }

    /**
     * What training came to.
     *
     * @param startLoss validation loss of the state it began from
     * @param finalLoss validation loss of the state that is kept; NaN without validation samples
     * @param lastTrainLoss mean training loss of the last epoch; NaN without a step
     */
    public record Outcome(double startLoss, double finalLoss, double lastTrainLoss) {}

    /**
     * Where training is, to go on from at any later time. Good between steps and in the middle of a validation, so also
     * after a listener's exception has ended {@link #train}.
     *
     * @throws BlocksmithException NOT_FINITE when an array holds a number that is not
     */
    public Snapshot snapshot() {
        Map<String, NDArray> arrays = new LinkedHashMap<>(state.trainable());
        arrays.putAll(optimizer.state());
        arrays.forEach(this::requireFinite);
        arrays.putAll(best.state("best"));
        Map<String, Double> numbers = new LinkedHashMap<>(position.numbers());
        numbers.put(BEST_LOSS, best.loss());
        return new Snapshot(position.step(), arrays, numbers);
    }

    /** Takes the place of the trainer that {@code stored} came from, which must have begun from the same start. */
    public void restore(Snapshot.Stored stored) {
        snapshot().restoreArrays(stored);
        best.resume(stored.number(BEST_LOSS));
        position = Position.of(stored);
    }

    /** Trains to the end of the last epoch, from the start or from where it was restored, and leaves the kept state. */
    public Outcome train(BlockBatches.Source training, BlockBatches.Source validation, TrainingListener listener) {
        long stepsPerEpoch = Math.ceilDiv(training.samples(), recipe.batchSize());
        Schedule schedule = new Schedule(recipe.steps(training.samples()), 0, recipe.finalLearningRateFactor());
        while (true) {
            boolean amidEpoch = stepsPerEpoch > 0 && position.step() % stepsPerEpoch > 0;
            if (!amidEpoch && position.validatedStep() < position.step()) {
                validate(validation, listener);
            }
            if (position.step() == schedule.steps()) {
                break;
            }
            trainEpoch(training, schedule, stepsPerEpoch, listener);
        }
        double loss = recipe.keepBest() && validation.samples() > 0 ? best.restore() : position.validationLoss();
        double trainLoss = position.step() == 0 ? Double.NaN : position.epochLoss() / stepsPerEpoch;
        Outcome outcome = new Outcome(position.startLoss(), loss, trainLoss);
        position = Position.START;
        best.resume(Double.POSITIVE_INFINITY);
        return outcome;
    }

    /** Trains what is left of the present epoch. */
    private void trainEpoch(
            BlockBatches.Source training, Schedule schedule, long stepsPerEpoch, TrainingListener listener) {
        int epoch = Math.toIntExact(position.step() / stepsPerEpoch) + 1;
        long done = position.step() % stepsPerEpoch;
        try (BlockBatches batches = training.open(recipe.batchSize(), done * recipe.batchSize())) {
            for (; done < stepsPerEpoch; done++) {
                Stepped stepped;
                try (NDScope _ = new NDScope()) {
                    BlockBatches.Batch batch = batches.next().orElseThrow(() -> shortOf(training));
                    stepped = step(batch, schedule.factor(position.step()), listener.wantsGradientNorm());
                }
                double loss = stepped.loss();
                position = position.stepped(loss, done == 0);
                if (lastLosses.size() == TOLD_LOSSES) {
                    lastLosses.removeFirst();
                }
                lastLosses.addLast(loss);
                listener.updated(stepped.update());
                listener.stepped(epoch, position.step(), schedule.steps(), loss);
                NativeHeap.trim();
            }
        }
    }

    private BlocksmithException shortOf(BlockBatches.Source training) {
        return BlocksmithException.defect(
                "no batch for step %d, though there are %d samples", position.step() + 1, training.samples());
    }

    private record Stepped(double loss, Update update) {}

    /** One step; every array it makes dies with the caller's scope. */
    private Stepped step(BlockBatches.Batch batch, double scheduleFactor, boolean withNorm) {
        List<NDArray> quantized = quantizer.quantize(state.linears());
        quantized.forEach(Gradients::leaf);
        optimizer.zeroNormGradients();
        double loss = accumulate(batch, new BlockWeights(quantized, state.biases(), state.norms()));
        requireFinite("training loss", loss, position.step() + 1);

        List<NDArray> outer = quantized.stream().map(NDArray::getGradient).toList();
        List<WeightGradient> gradients = quantizer.gradients(state.linears(), outer);
        requireFinite(gradients);
        double norm = withNorm ? optimizer.norm(gradients) : Double.NaN;
        double factor = learningRateFactor * scheduleFactor;
        optimizer.step(gradients, factor);
        long tokens = batch.input().getShape().get(0) * batch.input().getShape().get(1);
        return new Stepped(loss, optimizer.update(tokens, norm, factor));
    }

    /** Mean squared error of a batch; leaves its gradient in {@code weights}, added up over the parts of the batch. */
    private double accumulate(BlockBatches.Batch batch, BlockWeights weights) {
        long samples = batch.input().getShape().get(0);
        long parts = Math.min(microBatches, samples);
        double loss = 0;
        for (long part = 0; part < parts; part++) {
            long first = samples * part / parts;
            long last = samples * (part + 1) / parts;
            try (NDScope _ = new NDScope()) {
                NDArray x = rows(batch.input(), first, last);
                NDArray y = Gradients.record(() -> block.forward(x, weights));
                // Mean squared error and its gradient by y, without recording either.
                NDArray difference = y.stopGradient().sub(rows(batch.target(), first, last));
                double elements = batch.target().size();
                loss += difference.square().mean().getFloat() * (double) difference.size() / elements;
                Gradients.backward(y, difference.muli(2.0 / elements));
            }
        }
        return loss;
    }

    /** The samples {@code [first, last)} of a batch; all of them are the batch itself. */
    private static NDArray rows(NDArray batch, long first, long last) {
        return last - first == batch.getShape().get(0) ? batch : batch.get(new NDIndex().addSliceDim(first, last));
    }

    private void validate(BlockBatches.Source validation, TrainingListener listener) {
        double loss = Double.NaN;
        if (validation.samples() > 0) {
            loss = loss(validation, listener);
            requireFinite("validation loss", loss, position.step());
            listener.validated(position.step(), loss);
        }
        best.offer(loss);
        position = position.validated(loss);
    }

    /** Mean squared error of the present state over {@code samples}. */
    private double loss(BlockBatches.Source samples, TrainingListener listener) {
        double total = 0;
        long elements = 0;
        try (NDScope _ = new NDScope();
                BlockBatches batches = samples.open(recipe.batchSize(), 0)) {
            BlockWeights weights = state.quantized(quantizer);
            while (true) {
                try (NDScope _ = new NDScope()) {
                    Optional<BlockBatches.Batch> batch = batches.next();
                    if (batch.isEmpty()) {
                        return total / elements;
                    }
                    NDArray y = block.forward(batch.get().input(), weights);
                    NDArray difference = y.sub(batch.get().target());
                    total += (double) difference.square().mean().getFloat() * difference.size();
                    elements += difference.size();
                }
                listener.waited();
                NativeHeap.trim();
            }
        }
    }

    /** The gradient of a step size sums over that of every weight, so a number that is not finite shows in it. */
    private void requireFinite(List<WeightGradient> gradients) {
        double sum = 0;
        for (WeightGradient gradient : gradients) {
            sum += gradient.stepSize().sum().getFloat();
        }
        requireFinite("sum of the gradients of step sizes", sum, position.step() + 1);
    }

    private void requireFinite(String name, NDArray array) {
        try (NDScope _ = new NDScope()) {
            requireFinite("sum of " + name, array.stopGradient().sum().getFloat(), position.step());
        }
    }

    private void requireFinite(String what, double number, long step) {
        if (!Double.isFinite(number)) {
            List<String> scales = new ArrayList<>();
            for (TrainableWeight linear : state.linears()) {
                scales.add("%.3g..%.3g"
                        .formatted(
                                linear.stepSize().min().getFloat(),
                                linear.stepSize().max().getFloat()));
            }
            throw new BlocksmithException(
                    Category.NOT_FINITE,
                    ("%s is %s at step %d; last training losses: %s; step sizes of the seven linears: %s. Should it"
                                    + " stay so, lower block-ap.learning-rates, or set numerics = float32")
                            .formatted(what, number, step, told(lastLosses), String.join(", ", scales)),
                    null);
        }
    }

    private static String told(Deque<Double> losses) {
        return losses.isEmpty()
                ? "none"
                : losses.stream().map("%.4g"::formatted).collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        optimizer.close();
        best.close();
        manager.close();
    }
}
