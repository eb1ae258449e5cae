package io.blocksmith.train;

import static io.blocksmith.tensor.TestCompute.relativeDifference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndToEndTrainerTest {
    private static final int LENGTH = 12;
    private static final Quantization GRID = new Quantization(3, 32, false);

    @TempDir
    Path folder;

    private NDManager manager;
    private CheckpointWeights weights;
    private ScriptedBlock decoder;
    private OutputHead head;
    private Packer packer;

    @BeforeEach
    void openModel() {
        manager = TestCompute.cpu().manager().newSubManager();
        LlamaConfig config = TinyModel.everyOption(3);
        TinyModel.write(folder, config, TensorType.F32, 5);
        weights = CheckpointWeights.open(folder);
        decoder = ScriptedBlock.compile(config, RotaryTable.of(config, LENGTH, manager), false, manager);
        head = OutputHead.of(weights, manager);
        packer = new Packer(GRID, manager);
    }

    @AfterEach
    void closeModel() {
        packer.close();
        head.close();
        decoder.close();
        weights.close();
        manager.close();
    }

    @Test
    void gradientsByRecomputationEqualThoseOfOneGraphThroughTheWholeModel() {
        int[][] windows = windows(2, 1);
        try (NDScope _ = new NDScope()) {
            List<PackedBlock> blocks = packedBlocks();
            PackedModel model = model(blocks);

            List<NDArray> stepSizes = new ArrayList<>();
            List<NDArray> zeroPoints = new ArrayList<>();
            NDArray loss = Gradients.record(() -> {
                NDArray x = weights.embed(windows, manager);
                for (PackedBlock block : blocks) {
                    x = decoder.forward(x, recorded(block, stepSizes, zeroPoints));
                }
                NDArray logits = head.logits(x.reshape(-1, 64)).logSoftmax(-1);
                return logits.get(new NDIndex("{}, {}", scored(windows), next(windows)))
                        .sum()
                        .neg();
            });
            TestCompute.backward(loss);

            PackedModel.Gradient gradient = model.newGradient(EndToEnd.Trained.BOTH, manager);
            double sum = model.addGradient(windows, 1, gradient);

            assertThat(sum).isCloseTo(loss.stopGradient().getFloat(), within(1e-3));
            for (int i = 0; i < stepSizes.size(); i++) {
                assertThat(relativeDifference(
                                gradient.stepSizes().get(i), stepSizes.get(i).getGradient()))
                        .as("step sizes of linear " + i)
                        .isLessThan(2e-5);
                assertThat(relativeDifference(
                                gradient.zeroPoints().get(i), zeroPoints.get(i).getGradient()))
                        .as("zero points of linear " + i)
                        .isLessThan(2e-5);
            }
        }
    }

    private static Offset<Double> within(double offset) {
        return Offset.offset(offset);
    }

    /** W^ as a graph over step sizes and zero points, with codes taken back from W^ itself. */
    private BlockWeights recorded(PackedBlock block, List<NDArray> stepSizes, List<NDArray> zeroPoints) {
        List<NDArray> linears = new ArrayList<>();
        for (PackedWeight packed : block.linears()) {
            NDArray s = packed.stepSize();
            NDArray codes = packer.unpack(packed)
                    .stopGradient()
                    .reshape(s.getShape().get(0), -1)
                    .div(s)
                    .round()
                    .add(packed.zeroPoint());
            NDArray stepSize = Gradients.leaf(s.duplicate());
            NDArray zeroPoint = Gradients.leaf(packed.zeroPoint().duplicate());
            stepSizes.add(stepSize);
            zeroPoints.add(zeroPoint);
            linears.add(codes.stopGradient().sub(zeroPoint).mul(stepSize).reshape(packed.rows(), packed.columns()));
        }
        return new BlockWeights(linears, block.biases(), block.norms());
    }

    private NDArray scored(int[][] windows) {
        long[] positions = new long[windows.length * (LENGTH - 1)];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i / (LENGTH - 1) * (long) LENGTH + i % (LENGTH - 1);
        }
        return manager.create(positions);
    }

    private NDArray next(int[][] windows) {
        return manager.create(Arrays.stream(windows)
                .flatMapToLong(window -> Arrays.stream(window).skip(1).asLongStream())
                .toArray());
    }

    @Test
    void trainingStepSizesLowersTheLossAndTouchesNothingElse() {
        try (NDScope _ = new NDScope()) {
            PackedModel model = model(packedBlocks());
            float[] zeroPoints = model.linears().getFirst().zeroPoint().toFloatArray();
            int[][] windows = windows(16, 2);
            double before = model.loss(windows);

            train(model, recipe(EndToEnd.Trained.STEP_SIZES, 4, true), windows);

            assertThat(model.loss(windows)).isLessThan(before);
            assertThat(model.linears().getFirst().zeroPoint().toFloatArray()).isEqualTo(zeroPoints);
        }
    }

    @Test
    void theKeptStateIsTheOneWithTheBestValidationLoss() {
        try (NDScope _ = new NDScope()) {
            PackedModel model = model(packedBlocks());
            int[][] windows = windows(48, 2);
            List<Double> validations = new ArrayList<>();
            EndToEndTrainer.Outcome outcome =
                    train(model, recipe(EndToEnd.Trained.STEP_SIZES, 4, true, 1e-2), windows, validations);

            assertThat(validations).hasSizeGreaterThan(5);
            assertThat(validations.getLast()).isGreaterThan(outcome.finalLoss());
            assertThat(outcome.finalLoss()).isEqualTo(Collections.min(validations));
            double kept = model.loss(windows(4, 99)) / (4 * (LENGTH - 1));
            assertThat(kept).isCloseTo(outcome.finalLoss(), within(1e-5));
        }
    }

    @Test
    void theSameTrainingTwiceGivesTheSameBytes() {
        try (NDScope _ = new NDScope()) {
            PackedModel first = model(packedBlocks());
            PackedModel second = model(packedBlocks());

            train(first, recipe(EndToEnd.Trained.BOTH, 8, false), windows(12, 3));
            train(second, recipe(EndToEnd.Trained.BOTH, 8, false), windows(12, 3));

            for (int i = 0; i < first.linears().size(); i++) {
                assertThat(first.linears().get(i).stepSize().toFloatArray())
                        .isEqualTo(second.linears().get(i).stepSize().toFloatArray());
            }
        }
    }

    @Test
    void aTrainingThatGoesOnFromASnapshotOfAnyStepEndsInTheSameBytes() {
        int[][] windows = windows(20, 3);
        EndToEnd recipe = recipe(EndToEnd.Trained.BOTH, 4, true, 1e-2);
        try (NDScope _ = new NDScope()) {
            Map<Long, Kept> snapshots = new TreeMap<>();
            PackedModel undisturbed = model(packedBlocks());
            EndToEndTrainer.Outcome outcome;
            try (EndToEndTrainer trainer =
                    new EndToEndTrainer(undisturbed, recipe, EndToEndTrainer.Adjusted.NOT, false, manager)) {
                outcome = train(trainer, windows, () -> snapshots.put(trainer.step(), Kept.of(trainer.snapshot())));
            }

            assertThat(snapshots).hasSize(6);
            for (Kept snapshot : snapshots.values()) {
                PackedModel resumed = model(packedBlocks());
                try (EndToEndTrainer trainer =
                        new EndToEndTrainer(resumed, recipe, EndToEndTrainer.Adjusted.NOT, false, manager)) {
                    trainer.restore(snapshot);
                    assertThat(train(trainer, windows, () -> {})).isEqualTo(outcome);
                }
                assertSameScales(resumed, undisturbed);
            }
        }
    }

    @Test
    void aFollowerOfTheSameStepsHasTheStateOfTheLastOne() {
        int[][] windows = windows(16, 3);
        EndToEnd recipe = recipe(EndToEnd.Trained.BOTH, 4, false);
        try (NDScope _ = new NDScope()) {
            PackedModel leading = model(packedBlocks());
            PackedModel following = model(packedBlocks());
            train(leading, recipe, windows);
            try (EndToEndTrainer trainer =
                    new EndToEndTrainer(following, recipe, EndToEndTrainer.Adjusted.NOT, false, manager)) {
                trainer.follow(
                        new EndToEndTrainer.Samples(windows.length, i -> windows[i]),
                        GradientExchange.alone(),
                        listener(new ArrayList<>()));
            }

            assertSameScales(following, leading);
        }
    }

    @Test
    void microBatchesAreTheSameMathematics() {
        int[][] windows = windows(16, 3);
        EndToEnd recipe = recipe(EndToEnd.Trained.BOTH, 2, false);
        try (NDScope _ = new NDScope()) {
            PackedModel whole = model(packedBlocks());
            PackedModel cut = model(packedBlocks());
            train(whole, recipe, windows);
            try (EndToEndTrainer trainer =
                    new EndToEndTrainer(cut, recipe, new EndToEndTrainer.Adjusted(1, 3), false, manager)) {
                train(trainer, windows, () -> {});
            }

            for (int i = 0; i < whole.linears().size(); i++) {
                assertThat(relativeDifference(
                                cut.linears().get(i).stepSize(),
                                whole.linears().get(i).stepSize()))
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void aLearningRateFactorIsThatRate() {
        int[][] windows = windows(16, 3);
        try (NDScope _ = new NDScope()) {
            PackedModel halved = model(packedBlocks());
            PackedModel half = model(packedBlocks());
            EndToEnd recipe = recipe(EndToEnd.Trained.BOTH, 2, false, 0.5);
            train(half, recipe(EndToEnd.Trained.BOTH, 2, false, 0.25), windows);
            try (EndToEndTrainer trainer =
                    new EndToEndTrainer(halved, recipe, new EndToEndTrainer.Adjusted(0.5, 1), false, manager)) {
                train(trainer, windows, () -> {});
            }

            assertSameScales(halved, half);
        }
    }

    @Test
    void aGradientThatIsNotFiniteIsNamedWithItsStepAndTheLossesBefore() {
        int[][] windows = windows(16, 3);
        EndToEnd recipe = recipe(EndToEnd.Trained.STEP_SIZES, 2, false);
        GradientExchange broken =
                (step, shards) -> step < 2 ? GradientExchange.alone().gather(step, shards) : Double.NaN;
        try (NDScope _ = new NDScope();
                EndToEndTrainer trainer = new EndToEndTrainer(
                        model(packedBlocks()), recipe, EndToEndTrainer.Adjusted.NOT, false, manager)) {
            assertThatThrownBy(() -> trainer.train(
                            new EndToEndTrainer.Samples(windows.length, i -> windows[i]),
                            new EndToEndTrainer.Samples(0, i -> windows[i]),
                            broken,
                            listener(new ArrayList<>()),
                            () -> {}))
                    .isInstanceOfSatisfying(
                            BlocksmithException.class,
                            e -> assertThat(e.category()).isEqualTo(Category.NOT_FINITE))
                    .hasMessageContaining(
                            "training loss NaN and gradient norm 0.0 at step 3; training losses before it: [");
        }
    }

    @Test
    void theNormThatAStepTellsIsThatOfTheWholeBatchBeforeClipping() {
        int[][] windows = windows(8, 3);
        try (NDScope _ = new NDScope()) {
            PackedModel model = model(packedBlocks());
            PackedModel.Gradient gradient = model.newGradient(EndToEnd.Trained.BOTH, manager);
            model.addGradient(windows, 1.0 / (8 * (LENGTH - 1)), gradient);
            double expected = Math.sqrt(squares(gradient.stepSizes()) + squares(gradient.zeroPoints()));
            List<Update> updates = new ArrayList<>();

            try (EndToEndTrainer trainer = new EndToEndTrainer(
                    model, recipe(EndToEnd.Trained.BOTH, 4, false), EndToEndTrainer.Adjusted.NOT, false, manager)) {
                trainer.follow(
                        new EndToEndTrainer.Samples(windows.length, i -> windows[i]),
                        GradientExchange.alone(),
                        new TrainingListener() {
                            @Override
                            public void updated(Update update) {
                                updates.add(update);
                            }

                            @Override
                            public void stepped(int epoch, long step, long steps, double loss) {}

                            @Override
                            public void validated(long step, double loss) {}
                        });
            }

            assertThat(expected).as("clipping changes it").isGreaterThan(0.3);
            assertThat(updates).hasSize(2);
            assertThat(updates.getFirst().gradientNorm()).isCloseTo(expected, within(1e-4 * expected));
            assertThat(updates.getFirst().tokens()).isEqualTo(8 * LENGTH);
        }
    }

    private static double squares(List<NDArray> arrays) {
        double squares = 0;
        for (NDArray array : arrays) {
            for (float number : array.toFloatArray()) {
                squares += (double) number * number;
            }
        }
        return squares;
    }

    /** A snapshot that outlives what it aliases. */
    private record Kept(long step, Map<String, float[]> arrays, Map<String, Double> numbers)
            implements Snapshot.Stored {
        static Kept of(Snapshot snapshot) {
            Map<String, float[]> arrays = new HashMap<>();
            snapshot.arrays().forEach((name, array) -> arrays.put(name, array.toFloatArray()));
            return new Kept(snapshot.step(), arrays, snapshot.numbers());
        }

        @Override
        public double number(String name) {
            return numbers.get(name);
        }

        @Override
        public void read(String name, NDArray target) {
            target.set(arrays.get(name));
        }
    }

    private static void assertSameScales(PackedModel actual, PackedModel expected) {
        for (int i = 0; i < expected.linears().size(); i++) {
            assertThat(actual.linears().get(i).stepSize().toFloatArray())
                    .isEqualTo(expected.linears().get(i).stepSize().toFloatArray());
            assertThat(actual.linears().get(i).zeroPoint().toFloatArray())
                    .isEqualTo(expected.linears().get(i).zeroPoint().toFloatArray());
        }
    }

    private static EndToEndTrainer.Outcome train(EndToEndTrainer trainer, int[][] windows, Runnable betweenSteps) {
        return train(trainer, windows, new ArrayList<>(), betweenSteps);
    }

    private static EndToEndTrainer.Outcome train(
            EndToEndTrainer trainer, int[][] windows, List<Double> validations, Runnable betweenSteps) {
        int[][] held = windows(4, 99);
        return trainer.train(
                new EndToEndTrainer.Samples(windows.length, i -> windows[i]),
                new EndToEndTrainer.Samples(4, i -> held[i]),
                GradientExchange.alone(),
                listener(validations),
                betweenSteps);
    }

    private static TrainingListener listener(List<Double> validations) {
        return new TrainingListener() {
            @Override
            public void stepped(int epoch, long step, long steps, double loss) {}

            @Override
            public void validated(long step, double loss) {
                validations.add(loss);
            }
        };
    }

    private void train(PackedModel model, EndToEnd recipe, int[][] windows) {
        train(model, recipe, windows, new ArrayList<>());
    }

    private EndToEndTrainer.Outcome train(
            PackedModel model, EndToEnd recipe, int[][] windows, List<Double> validations) {
        try (EndToEndTrainer trainer =
                new EndToEndTrainer(model, recipe, EndToEndTrainer.Adjusted.NOT, false, manager)) {
            return train(trainer, windows, validations, () -> {});
        }
    }

    private static EndToEnd recipe(EndToEnd.Trained trained, int shards, boolean keepBest) {
        return recipe(trained, shards, keepBest, 1e-3);
    }

    private static EndToEnd recipe(EndToEnd.Trained trained, int shards, boolean keepBest, double rate) {
        return new EndToEnd(
                16,
                4,
                LENGTH,
                8,
                2,
                new EndToEnd.LearningRates(rate, rate),
                0.03,
                0,
                0.3,
                adam(),
                shards,
                trained,
                keepBest,
                1);
    }

    private static Adam adam() {
        return new Adam(0.9, 0.999, 1e-8, 0);
    }

    private PackedModel model(List<PackedBlock> blocks) {
        return new PackedModel(blocks, weights, decoder, head, packer, manager);
    }

    private List<PackedBlock> packedBlocks() {
        List<PackedBlock> blocks = new ArrayList<>();
        try (AffineQuantizer quantizer = new AffineQuantizer(GRID, manager)) {
            for (int block = 0; block < weights.config().blocks(); block++) {
                BlockWeights full = weights.block(block, manager);
                List<PackedWeight> linears = new ArrayList<>();
                for (NDArray weight : full.linears()) {
                    TrainableWeight start = quantizer.start(weight);
                    linears.add(new PackedWeight(
                            packer.pack(quantizer.codes(start)),
                            start.stepSize(),
                            start.zeroPoint(),
                            weight.getShape().get(0),
                            weight.getShape().get(1)));
                }
                blocks.add(new PackedBlock(linears, full.biases(), full.norms()));
            }
        }
        return blocks;
    }

    private static int[][] windows(int count, long seed) {
        Random random = new Random(seed);
        int[][] windows = new int[count][LENGTH];
        for (int[] window : windows) {
            Arrays.setAll(window, _ -> random.nextInt(96));
        }
        return windows;
    }
}
