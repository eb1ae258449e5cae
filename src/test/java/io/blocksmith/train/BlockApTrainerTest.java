package io.blocksmith.train;

import static io.blocksmith.tensor.TestCompute.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.quant.WeightGradient;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Copy;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockApTrainerTest {
    private static final int LENGTH = 8;

    @TempDir
    Path folder;

    private NDManager manager;
    private CheckpointWeights model;
    private ScriptedBlock decoder;
    private AffineQuantizer quantizer;

    @BeforeEach
    void openModel() {
        manager = TestCompute.cpu().manager().newSubManager();
        LlamaConfig config = TinyModel.everyOption(1);
        TinyModel.write(folder, config, TensorType.BF16, 3);
        model = CheckpointWeights.open(folder);
        decoder = ScriptedBlock.compile(config, RotaryTable.of(config, LENGTH, manager), false, manager);
        quantizer = new AffineQuantizer(new Quantization(2, 32, false), manager);
    }

    @AfterEach
    void closeModel() {
        quantizer.close();
        decoder.close();
        model.close();
        manager.close();
    }

    @Test
    void trainingAllParametersTakesAThirdOffTheRoundToNearestLoss() {
        BlockState state = start();
        BlockApTrainer.Outcome outcome = train(state, recipe(BlockAp.Trained.ALL, 3e-3, true), samples(128, 1));

        assertThat(outcome.finalLoss()).isLessThan(0.67 * outcome.startLoss());
    }

    @Test
    void onlyWhatTheRecipeNamesIsTrained() {
        BlockState state = start();
        float[] weight = state.linears().getFirst().weight().toFloatArray();
        float[] zeroPoint = state.linears().getFirst().zeroPoint().toFloatArray();
        float[] stepSize = state.linears().getFirst().stepSize().toFloatArray();
        float[] norm = state.norms().getFirst().toFloatArray();

        train(state, recipe(BlockAp.Trained.STEP_SIZES, 1e-3, false), samples(16, 1));

        assertThat(state.linears().getFirst().weight().toFloatArray()).isEqualTo(weight);
        assertThat(state.linears().getFirst().zeroPoint().toFloatArray()).isEqualTo(zeroPoint);
        assertThat(state.norms().getFirst().toFloatArray()).isEqualTo(norm);
        assertThat(state.linears().getFirst().stepSize().toFloatArray()).isNotEqualTo(stepSize);
    }

    @Test
    void learnedRoundingHoldsEveryWeightWithinHalfAStartingStep() {
        BlockState state = start();
        List<NDArray> before = state.linears().stream()
                .map(linear -> linear.weight().duplicate())
                .toList();
        train(state, recipe(BlockAp.Trained.ROUNDING, 1e-1, false), samples(16, 1));

        for (int i = 0; i < before.size(); i++) {
            TrainableWeight linear = state.linears().get(i);
            NDArray moved = linear.weight()
                    .sub(before.get(i))
                    .abs()
                    .reshape(linear.stepSize().getShape().get(0), -1)
                    .div(linear.stepSize());
            assertThat(moved.max().getFloat()).isBetween(0.4f, 0.5001f);
        }
    }

    @Test
    void aTrainingThatRuinsTheBlockLeavesItsStart() {
        BlockState state = start();
        float[] weight = state.linears().getFirst().weight().toFloatArray();
        BlockApTrainer.Outcome outcome = train(state, recipe(BlockAp.Trained.ALL, 5, true), samples(16, 1));

        assertThat(outcome.finalLoss()).isEqualTo(outcome.startLoss());
        assertThat(state.linears().getFirst().weight().toFloatArray()).isEqualTo(weight);
    }

    @Test
    void aLossThatIsNotFiniteNamesTheStepAndTheStepSizes() {
        List<BlockBatches.Batch> poisoned = samples(4, 1);
        poisoned.get(3).target().addi(Float.NaN);

        assertThatThrownBy(() -> train(start(), recipe(BlockAp.Trained.ALL, 1e-3, false), poisoned))
                .hasMessageContaining("training loss is NaN at step 4")
                .hasMessageMatching("(?s).*last training losses: [0-9.]+, [0-9.]+, [0-9.]+;.*")
                .hasMessageContaining("step sizes of the seven linears");
    }

    @ParameterizedTest
    @EnumSource(BlockAp.Trained.class)
    void aTrainingThatGoesOnInTheMiddleOfAnEpochEndsInTheSameBits(BlockAp.Trained trained) {
        assertSameBits(recipe(trained, 3e-3, true, 2), 5);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 15, 16})
    void aTrainingThatGoesOnAfterAnyStepEndsInTheSameBits(int step) {
        assertSameBits(recipe(BlockAp.Trained.ALL, 3e-3, true, 2), step);
    }

    @Test
    void withoutABestStateAlsoEndsInTheSameBits() {
        assertSameBits(recipe(BlockAp.Trained.ALL, 3e-3, false, 2), 11);
    }

    @Test
    void aTrainingCutInAValidationRepeatsItAndEndsInTheSameBits() {
        BlockAp recipe = recipe(BlockAp.Trained.ALL, 3e-3, true, 2);
        assertSameBits(recipe, new StoppingListener() {
            private long last;

            @Override
            public void stepped(int epoch, long step, long steps, double loss) {
                last = step;
            }

            @Override
            public void waited() {
                if (last == 8) {
                    throw new CancellationException();
                }
            }
        });
    }

    @Test
    void aBatchInPartsMovesEveryParameterAsAWholeBatchDoes() {
        // With an epsilon above every gradient AdamW is linear in the gradients, so rounding stays what it is.
        BlockAp recipe = new BlockAp(
                1,
                3,
                new BlockAp.LearningRates(1e-1, 1e-1, 1e-1),
                0.05,
                new Adam(0.9, 0.999, 1, 0),
                BlockAp.Trained.ALL,
                false,
                1,
                new BlockAp.Repair(0, 0.5));
        List<BlockBatches.Batch> samples = samples(2, 3, 1);
        BlockState before = start();
        BlockState whole = start();
        BlockState parts = start();
        train(whole, recipe, 1, samples);
        train(parts, recipe, 2, samples);

        whole.trainable().forEach((name, array) -> {
            NDArray start = before.trainable().get(name).stopGradient();
            NDArray moved = array.stopGradient().sub(start);
            NDArray difference =
                    parts.trainable().get(name).stopGradient().sub(start).sub(moved);
            float largest = moved.abs().max().getFloat();
            assertThat(largest).as(name).isGreaterThan(name.startsWith("zero_point") ? -1 : 0);
            assertThat(difference.abs().max().getFloat()).as(name).isLessThanOrEqualTo(1e-3f * largest);
        });
    }

    @Test
    void parametersThatAreNotFiniteAreNeverSaved() {
        BlockState state = start();
        try (BlockApTrainer trainer = new BlockApTrainer(
                decoder, quantizer, recipe(BlockAp.Trained.ALL, 1e-3, false), 1, 1, state, manager)) {
            state.linears().get(2).weight().addi(Float.POSITIVE_INFINITY);

            assertThatThrownBy(trainer::snapshot)
                    .hasMessageContaining("sum of weight.2 is Infinity")
                    .extracting("category")
                    .isEqualTo(Category.NOT_FINITE);
        }
    }

    @ParameterizedTest
    @EnumSource(BlockAp.Trained.class)
    void theGradientsNormIsThatOfEverythingThatIsTrained(BlockAp.Trained trained) {
        BlockState state = start();
        List<BlockBatches.Batch> samples = samples(1, 1);
        double expected = plainNorm(trained, start(), samples.getFirst());
        List<Update> updates = new ArrayList<>();

        try (BlockApTrainer trainer =
                new BlockApTrainer(decoder, quantizer, recipe(trained, 1e-3, false), 0.5, 1, state, manager)) {
            trainer.train(source(samples), source(List.of()), asking(updates));
        }

        assertThat(updates).hasSize(1);
        Update update = updates.getFirst();
        assertThat(update.gradientNorm()).isCloseTo(expected, Percentage.withPercentage(1e-3));
        assertThat(update)
                .isEqualTo(new Update(
                        2 * LENGTH,
                        update.gradientNorm(),
                        trained.weights() ? 0.5e-3 : Double.NaN,
                        trained.stepSizes() ? 0.5e-3 : Double.NaN,
                        trained.zeroPoints() ? 0.5e-3 : Double.NaN));
    }

    /** Of the mean squared error by autograd, each gradient's numbers added up one by one. */
    private double plainNorm(BlockAp.Trained trained, BlockState state, BlockBatches.Batch batch) {
        List<NDArray> quantized = quantizer.quantize(state.linears());
        quantized.forEach(Gradients::leaf);
        state.norms().forEach(Gradients::leaf);
        BlockWeights weights = new BlockWeights(quantized, state.biases(), state.norms());
        NDArray loss = Gradients.record(() -> decoder.forward(batch.input(), weights)
                .sub(batch.target())
                .square()
                .mean());
        TestCompute.backward(loss);
        List<WeightGradient> gradients = quantizer.gradients(
                state.linears(), quantized.stream().map(NDArray::getGradient).toList());
        double squares = 0;
        for (WeightGradient gradient : gradients) {
            squares += trained.weights() ? squares(gradient.weight()) : 0;
            squares += trained.stepSizes() ? squares(gradient.stepSize()) : 0;
            squares += trained.zeroPoints() ? squares(gradient.zeroPoint()) : 0;
        }
        for (NDArray norm : state.norms()) {
            squares += trained.norms() ? squares(norm.getGradient()) : 0;
        }
        return Math.sqrt(squares);
    }

    private static double squares(NDArray array) {
        double squares = 0;
        for (float number : array.toFloatArray()) {
            squares += (double) number * number;
        }
        return squares;
    }

    @Test
    void lookingAtTheGradientChangesNoBit() {
        List<BlockBatches.Batch> samples = samples(8, 1);
        BlockState unseen = start();
        train(unseen, recipe(BlockAp.Trained.ALL, 1e-3, false, 2), 1, samples);
        BlockState seen = start();
        List<Update> updates = new ArrayList<>();
        try (BlockApTrainer trainer = new BlockApTrainer(
                decoder, quantizer, recipe(BlockAp.Trained.ALL, 1e-3, false, 2), 1, 1, seen, manager)) {
            trainer.train(source(samples), source(List.of()), asking(updates));
        }

        assertThat(updates).hasSize(16).noneMatch(update -> Double.isNaN(update.gradientNorm()));
        unseen.trainable()
                .forEach((name, array) -> assertThat(
                                seen.trainable().get(name).stopGradient().toFloatArray())
                        .as(name)
                        .isEqualTo(array.stopGradient().toFloatArray()));
    }

    private static TrainingListener asking(List<Update> updates) {
        return new StoppingListener() {
            @Override
            public boolean wantsGradientNorm() {
                return true;
            }

            @Override
            public void updated(Update update) {
                updates.add(update);
            }
        };
    }

    /** Does nothing, unless a test says otherwise. */
    private static class StoppingListener implements TrainingListener {
        @Override
        public void stepped(int epoch, long step, long steps, double loss) {}

        @Override
        public void validated(long step, double loss) {}
    }

    private void assertSameBits(BlockAp recipe, int stop) {
        assertSameBits(recipe, new StoppingListener() {
            @Override
            public void stepped(int epoch, long step, long steps, double loss) {
                if (step == stop) {
                    throw new CancellationException();
                }
            }
        });
    }

    /** Eight steps an epoch; {@code stopping} ends the first training, another trainer goes on from its snapshot. */
    private void assertSameBits(BlockAp recipe, TrainingListener stopping) {
        List<BlockBatches.Batch> samples = samples(8, 1);
        BlockState undisturbed = start();
        BlockApTrainer.Outcome expected = train(undisturbed, recipe, samples);

        BlockBatches.Source training = source(samples);
        BlockBatches.Source validation = source(samples.subList(0, 2));
        Snapshot.Stored stored;
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, 1, start(), manager)) {
            assertThatThrownBy(() -> trainer.train(training, validation, stopping))
                    .isInstanceOf(CancellationException.class);
            stored = copy(trainer.snapshot());
        }
        BlockState resumed = start();
        BlockApTrainer.Outcome outcome;
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, 1, resumed, manager)) {
            trainer.restore(stored);
            outcome = trainer.train(training, validation, new StoppingListener());
        }

        assertThat(outcome).isEqualTo(expected);
        undisturbed
                .trainable()
                .forEach((name, array) -> assertThat(
                                resumed.trainable().get(name).stopGradient().toFloatArray())
                        .as(name)
                        .isEqualTo(array.stopGradient().toFloatArray()));
    }

    private Snapshot.Stored copy(Snapshot snapshot) {
        Map<String, NDArray> arrays = new HashMap<>();
        snapshot.arrays()
                .forEach((name, array) ->
                        arrays.put(name, manager.create(array.stopGradient().toFloatArray(), array.getShape())));
        return new Snapshot.Stored() {
            @Override
            public long step() {
                return snapshot.step();
            }

            @Override
            public double number(String name) {
                return snapshot.numbers().get(name);
            }

            @Override
            public void read(String name, NDArray target) {
                Copy.into(arrays.get(name), target);
            }
        };
    }

    private void train(BlockState state, BlockAp recipe, int microBatches, List<BlockBatches.Batch> samples) {
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, microBatches, state, manager)) {
            trainer.train(source(samples), source(List.of()), new StoppingListener());
        }
    }

    private BlockState start() {
        return BlockState.roundToNearest(model.block(0, manager), quantizer);
    }

    private BlockApTrainer.Outcome train(BlockState state, BlockAp recipe, List<BlockBatches.Batch> samples) {
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, 1, state, manager)) {
            return trainer.train(source(samples), source(samples.subList(0, 2)), new TrainingListener() {
                @Override
                public void stepped(int epoch, long step, long steps, double loss) {}

                @Override
                public void validated(long step, double loss) {}
            });
        }
    }

    private static BlockAp recipe(BlockAp.Trained trained, double learningRate, boolean keepBest) {
        return recipe(trained, learningRate, keepBest, 1);
    }

    private static BlockAp recipe(BlockAp.Trained trained, double learningRate, boolean keepBest, int epochs) {
        return new BlockAp(
                epochs,
                2,
                new BlockAp.LearningRates(learningRate, learningRate, learningRate),
                0.05,
                new Adam(0.9, 0.999, 1e-8, 0),
                trained,
                keepBest,
                1,
                new BlockAp.Repair(0, 0.5));
    }

    /** Batches of two windows with the full-precision block's answers. */
    private List<BlockBatches.Batch> samples(int count, long seed) {
        return samples(count, 2, seed);
    }

    private List<BlockBatches.Batch> samples(int count, int windows, long seed) {
        Random random = new Random(seed);
        BlockWeights full = model.block(0, manager);
        List<BlockBatches.Batch> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            NDArray x = normal(manager, random, 1, windows, LENGTH, 64);
            samples.add(new BlockBatches.Batch(x, decoder.forward(x, full)));
        }
        return samples;
    }

    private static BlockBatches.Source source(List<BlockBatches.Batch> samples) {
        return new BlockBatches.Source() {
            @Override
            public long samples() {
                return samples.stream()
                        .mapToLong(batch -> batch.input().getShape().get(0))
                        .sum();
            }

            @Override
            public BlockBatches open(int batchSize, long from) {
                var iterator = samples.subList(Math.toIntExact(from / batchSize), samples.size())
                        .iterator();
                return new BlockBatches() {
                    @Override
                    public Optional<Batch> next() {
                        return iterator.hasNext() ? Optional.of(iterator.next()) : Optional.empty();
                    }

                    @Override
                    public void close() {}
                };
            }
        };
    }
}
