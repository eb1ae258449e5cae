package io.blocksmith.train;

import static io.blocksmith.tensor.TestCompute.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
                .hasMessageContaining("step sizes of the seven linears");
    }

    private BlockState start() {
        return BlockState.roundToNearest(model.block(0, manager), quantizer);
    }

    private BlockApTrainer.Outcome train(BlockState state, BlockAp recipe, List<BlockBatches.Batch> samples) {
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, state, manager)) {
            return trainer.train(source(samples), source(samples.subList(0, 2)), new TrainingListener() {
                @Override
                public void stepped(int epoch, long step, long steps, double loss) {}

                @Override
                public void validated(long step, double loss) {}
            });
        }
    }

    private static BlockAp recipe(BlockAp.Trained trained, double learningRate, boolean keepBest) {
        return new BlockAp(
                1,
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
        Random random = new Random(seed);
        BlockWeights full = model.block(0, manager);
        List<BlockBatches.Batch> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            NDArray x = normal(manager, random, 1, 2, LENGTH, 64);
            samples.add(new BlockBatches.Batch(x, decoder.forward(x, full)));
        }
        return samples;
    }

    private static BlockBatches.Source source(List<BlockBatches.Batch> samples) {
        return new BlockBatches.Source() {
            @Override
            public long samples() {
                return 2L * samples.size();
            }

            @Override
            public BlockBatches open(int batchSize) {
                var iterator = samples.iterator();
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
