package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Block-AP (paper section 3.2): all parameters of one block, weights, step sizes, zero points and norm gains, are trained
 * to make the block of quantized weights, fed with the quantized stream, answer as the full-precision block does.
 */
public final class BlockApTrainer implements AutoCloseable {
    private final DecoderBlock block;
    private final AffineQuantizer quantizer;
    private final BlockAp recipe;
    private final double learningRateFactor;
    private final BlockState state;
    private final NDManager manager;
    private final BlockOptimizer optimizer;

    /**
     * Makes a trainer.
     *
     * @param learningRateFactor multiplies every learning rate; below 1 in the repair pass
     * @param state trained in place
     * @param parent owns, through a sub-manager, the optimizer and the best state
     */
    public BlockApTrainer(
            DecoderBlock block,
            AffineQuantizer quantizer,
            BlockAp recipe,
            double learningRateFactor,
            BlockState state,
            NDManager parent) {
        this.block = block;
        this.quantizer = quantizer;
        this.recipe = recipe;
        this.learningRateFactor = learningRateFactor;
        this.state = state;
        this.manager = parent.newSubManager();
        this.optimizer = new BlockOptimizer(state, recipe, quantizer.grid().symmetric(), manager);
    }

    /**
     * What training came to.
     *
     * @param startLoss validation loss of the state it began from
     * @param finalLoss validation loss of the state that is kept; NaN without validation samples
     * @param lastTrainLoss mean training loss of the last epoch; NaN without a step
     */
    public record Outcome(double startLoss, double finalLoss, double lastTrainLoss) {}

    /** Trains over all epochs and leaves the kept state in place. */
    public Outcome train(BlockBatches.Source training, BlockBatches.Source validation, TrainingListener listener) {
        long stepsPerEpoch = (training.samples() + recipe.batchSize() - 1) / recipe.batchSize();
        Schedule schedule = new Schedule(stepsPerEpoch * recipe.epochs(), 0, recipe.finalLearningRateFactor());
        double startLoss = validate(validation, 0, listener);
        double loss = startLoss;
        double trainLoss = Double.NaN;
        try (BestState best = new BestState(recipe.keepBest() ? state.trainable() : List.of(), manager)) {
            best.offer(startLoss);
            for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
                trainLoss = trainEpoch(training, schedule, epoch, stepsPerEpoch, listener);
                loss = validate(validation, epoch * stepsPerEpoch, listener);
                best.offer(loss);
            }
            if (recipe.keepBest() && validation.samples() > 0) {
                loss = best.restore();
            }
        }
        return new Outcome(startLoss, loss, trainLoss);
    }

    private double trainEpoch(
            BlockBatches.Source training, Schedule schedule, int epoch, long stepsPerEpoch, TrainingListener listener) {
        double total = 0;
        long done = 0;
        try (BlockBatches batches = training.open(recipe.batchSize())) {
            while (true) {
                long step = (epoch - 1) * stepsPerEpoch + done;
                try (NDScope _ = new NDScope()) {
                    Optional<BlockBatches.Batch> batch = batches.next();
                    if (batch.isEmpty()) {
                        return done == 0 ? Double.NaN : total / done;
                    }
                    double loss = step(batch.get(), step, schedule.factor(step));
                    total += loss;
                    done++;
                    listener.stepped(epoch, step + 1, schedule.steps(), loss);
                }
                NativeHeap.trim();
            }
        }
    }

    /** One step; every array it makes dies with the caller's scope. */
    private double step(BlockBatches.Batch batch, long step, double scheduleFactor) {
        List<NDArray> quantized = quantizer.quantize(state.linears());
        quantized.forEach(Gradients::leaf);
        optimizer.zeroNormGradients();
        BlockWeights weights = new BlockWeights(quantized, state.biases(), state.norms());
        NDArray y = Gradients.record(() -> block.forward(batch.input(), weights));

        // Mean squared error and its gradient by y, without recording either.
        NDArray difference = y.stopGradient().sub(batch.target());
        double loss = difference.square().mean().getFloat();
        requireFinite("training", loss, step + 1);
        Gradients.backward(y, difference.muli(2.0 / difference.size()));

        List<NDArray> outer = quantized.stream().map(NDArray::getGradient).toList();
        List<WeightGradient> gradients = quantizer.gradients(state.linears(), outer);
        optimizer.step(gradients, learningRateFactor * scheduleFactor);
        return loss;
    }

    private double validate(BlockBatches.Source validation, long step, TrainingListener listener) {
        if (validation.samples() == 0) {
            return Double.NaN;
        }
        double loss = loss(validation, listener);
        requireFinite("validation", loss, step);
        listener.validated(step, loss);
        return loss;
    }

    /** Mean squared error of the present state over {@code samples}. */
    private double loss(BlockBatches.Source samples, TrainingListener listener) {
        double total = 0;
        long elements = 0;
        try (NDScope _ = new NDScope();
                BlockBatches batches = samples.open(recipe.batchSize())) {
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

    private void requireFinite(String kind, double loss, long step) {
        if (!Double.isFinite(loss)) {
            List<String> scales = new ArrayList<>();
            for (TrainableWeight linear : state.linears()) {
                scales.add("%.3g..%.3g"
                        .formatted(
                                linear.stepSize().min().getFloat(),
                                linear.stepSize().max().getFloat()));
            }
            throw new BlocksmithException(
                    Category.TRANSIENT,
                    ("%s loss is %s at step %d; step sizes of the seven linears: %s. Should it stay so, lower"
                                    + " block-ap.learning-rates, or set numerics = float32")
                            .formatted(kind, loss, step, String.join(", ", scales)),
                    null);
        }
    }

    @Override
    public void close() {
        optimizer.close();
        manager.close();
    }
}
