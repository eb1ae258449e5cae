package io.blocksmith.estimate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Evaluation;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Quantization;
import io.blocksmith.spec.Recipe;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Figures of the small model are computed by hand, from the shapes in the comments. */
class RunEstimateTest {
    // H = A = 64, F = 128, L = 2, V = 100; k and v have 32 rows. Linears: q, o 4096, k, v 2048, gate, up, down 8192:
    // n = 36,864, m = 8192; groups of 32: R = 1152. Parameters: 2 * 6400 + 64 + 2 * (36,864 + 128) = 86,848.
    private static final LlamaConfig SMALL = new LlamaConfig(
            64,
            128,
            2,
            4,
            2,
            16,
            100,
            64,
            1e-5,
            10_000,
            new RopeScaling.None(),
            false,
            false,
            false,
            OptionalInt.empty());

    private static final long MEBIBYTE = 1 << 20;

    @Test
    void sizesOfTheSmallModel() {
        // A block in GPTQ: codes 9216, zero points 288, step sizes 2304, indices 4 * 512, gains 256 = 14,112.
        // Around it: 2 * 12,800 for embedding and head, 128 for the last norm.
        assertThat(estimate(1, 0).sizes()).isEqualTo(new ModelSizes(86_848, 1000, 53_952, 173_696, 2 + 18.0 / 32));
    }

    @Test
    void anF32CheckpointIsDequantizedToF32() {
        RunEstimate estimate = RunEstimate.of(SMALL, 1000, TensorType.F32, recipe(1, 0, Numerics.FLOAT32, true));
        assertThat(estimate.sizes().dequantized()).isEqualTo(4 * 86_848);
    }

    @Test
    void deviceMemoryOfBlockApInTheSmallModel() {
        BlockApMemory memory = estimate(1, 0).blockAp();
        // 2 * 16 tokens of 4 * (8 * 64 + 5 * 64 + 7 * 128 + 4 + 2) + 12 * 64 bytes.
        assertThat(memory)
                .isEqualTo(
                        new BlockApMemory(147_968, 9216, 147_456, 157_184, 314_368, 157_184, 0, 32 * 7704, 13 * 8192));
        assertThat(memory.total()).isEqualTo(1_179_904);
    }

    @Test
    void withoutKeepBestNoCopyIsHeld() {
        RunEstimate estimate = RunEstimate.of(SMALL, 1000, TensorType.BF16, recipe(1, 0, Numerics.FLOAT32, false));
        assertThat(estimate.blockAp().best()).isZero();
        assertThat(estimate.endToEnd().training()).isEqualTo(2304 * 8 + 2304 * 8);
    }

    @Test
    void bfloat16CopiesWeightsAndInputs() {
        RunEstimate single = estimate(1, 0);
        RunEstimate half = RunEstimate.of(SMALL, 1000, TensorType.BF16, recipe(1, 0, Numerics.BFLOAT16, true));
        assertThat(half.blockAp().quantized() - single.blockAp().quantized()).isEqualTo(2 * 36_864);
        assertThat(half.blockAp().activations() - single.blockAp().activations())
                .isEqualTo(32 * 2 * (5 * 64 + 5 * 64 + 128));
    }

    @Test
    void deviceMemoryOfEndToEndTrainingInTheSmallModel() {
        EndToEndMemory memory = estimate(1, 0).endToEnd();
        // 2304 step sizes: moments, best state and two gradients, 20 each. A shard is 2 windows of 32 tokens.
        assertThat(memory)
                .isEqualTo(new EndToEndMemory(
                        19_456, 18_432, 46_080, 25_856, 81_920, 294_912 + 64 * 6936 + 32_768, 102_400));
        assertThat(memory.total()).isEqualTo(963_328);
    }

    @Test
    void hostMemoryHoldsFourBatchesOfHiddenStates() {
        RunEstimate estimate = estimate(1, 0);
        assertThat(estimate.host().total()).isEqualTo((350 + 512) * MEBIBYTE + 4 * 2 * 16 * 64 * 4);
        assertThat(estimate.processBytesOnCpu()).isEqualTo(estimate.host().total() + 8 * 235_980);
    }

    @Test
    void diskOfTheSmallModel() {
        DiskSpace disk = estimate(1, 0).disk();
        // A stream: 10 windows of 16 * 64 numbers and one header of 64. A block: 9216 + 5 * 1152 + 512, scales again.
        // A checkpoint: weights and gains 147,968, scales 9216, moments 314,368, best state 157,184.
        long checkpoints = 3 * 628_736;
        assertThat(disk)
                .isEqualTo(new DiskSpace(41_024, 4 * 41_024, checkpoints, 2 * 21_248, 53_952 + 173_696, 40_960, 1280));
        assertThat(disk.total()).isEqualTo(1280 + 42_496 + 4 * 41_024 + checkpoints);
    }

    @Test
    void segmentsAndTheirRepairTakeMoreDisk() {
        DiskSpace disk = estimate(2, 4).disk();
        assertThat(disk.boundaries()).isEqualTo((2 * 2 + 2 + 1) * 41_024);
        assertThat(disk.blocks()).isEqualTo(2 * (2 * 15_488 + 4 * 36_864 + 5760));
    }

    @Test
    void moreWorkersWriteMoreStreamsAtOnce() {
        Recipe recipe = recipe(2, 0, Numerics.FLOAT32, true);
        DiskSpace disk = RunEstimate.of(SMALL, 1000, TensorType.BF16, recipe, 8).disk();
        assertThat(disk.boundaries()).isEqualTo((2 * 2 + 2 * 2) * 41_024);
    }

    @Test
    void workOfTheSmallModel() {
        // f(16) = 75,904, f(32) = 77,952. Block-AP: 2 * (160 + 6 * 128 + 3 * 32) + 160 = 2208 passes.
        assertThat(estimate(1, 0).work())
                .isEqualTo(new Work(
                        0,
                        2208.0 * 75_904,
                        0,
                        256.0 * (8 * 77_952 + 2 * 12_800) + 2 * 64.0 * (2 * 77_952 + 12_800),
                        4 * 80.0 * (2 * 75_904 + 12_800)));
    }

    @Test
    void segmentsCaptureInsteadOfPropagating() {
        Work work = estimate(2, 4).work();
        assertThat(work.capture()).isEqualTo(160.0 * 75_904);
        assertThat(work.blockAp()).isEqualTo(2048.0 * 75_904);
        // 64 trained tokens: 2 * (96 + 6 * 64 + 3 * 32) + 96.
        assertThat(work.repair()).isEqualTo(1248.0 * 75_904);
    }

    @Test
    void hoursFollowTheRate() {
        RunEstimate estimate = estimate(1, 0);
        assertThat(estimate.hours(estimate.work().total())).isCloseTo(1 / 3600.0, within(1e-12));
    }

    @Test
    void llama2At7BillionIsWhatIsKnownOfIt() {
        LlamaConfig config = ModelShapes.named("llama-2-7b");
        Recipe recipe = papers();
        RunEstimate estimate = RunEstimate.of(config, 2 * config.parameters(), TensorType.F16, recipe);

        assertThat(estimate.sizes().parameters()).isEqualTo(6_738_415_616L);
        assertThat(estimate.sizes().averageBits()).isEqualTo(2.28125);
        // 6,476,005,376 quantized weights and two tables of 32,000 * 4096; indices and gains are a quarter of a
        // percent.
        assertThat(estimate.sizes().gptq() / (6_476_005_376.0 * 2.28125 / 8 + 524_288_000))
                .isBetween(1.0, 1.0025);
        long shards = 4160 / 2;
        assertThat(estimate.disk().stream()).isEqualTo(4160L * 2048 * 4096 * 4 + shards * 64);
        // The rule of six per weight and trained token, and what attention, targets and validation add.
        double rule = 6.0 * 32 * config.linearWeightsPerBlock() * 2 * 4096 * 2048;
        assertThat(estimate.work().blockAp() / rule).isBetween(1.3, 1.6);
    }

    @Test
    void aGroupSizeThatDoesNotDivideIsRefused() {
        Recipe recipe = papers();
        assertThatThrownBy(() -> RunEstimate.of(SMALL, 1000, TensorType.BF16, withGroup(recipe, 48)))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining(
                        "self_attn.q_proj.weight: 64 columns are not divisible by quantization.group-size = 48");
    }

    @Test
    void moreSegmentsThanBlocksAreRefused() {
        assertThatThrownBy(() -> estimate(3, 0))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("the model has 2 blocks; choose 1 to 2");
    }

    private static RunEstimate estimate(int segments, int repairSamples) {
        return RunEstimate.of(SMALL, 1000, TensorType.BF16, recipe(segments, repairSamples, Numerics.FLOAT32, true));
    }

    private static Recipe recipe(int segments, int repairSamples, Numerics numerics, boolean keepBest) {
        Adam adam = new Adam(0.9, 0.999, 1e-8, 0);
        return new Recipe(
                new Quantization(2, 32, false),
                new Calibration(16, 8, 2, Calibration.Order.FILE, Calibration.Activations.FLOAT32),
                new BlockAp(
                        2,
                        2,
                        new BlockAp.LearningRates(1e-5, 1e-4, 1e-4),
                        0.05,
                        adam,
                        BlockAp.Trained.ALL,
                        keepBest,
                        segments,
                        new BlockAp.Repair(repairSamples, 0.5)),
                new EndToEnd(
                        8,
                        2,
                        32,
                        4,
                        1,
                        new EndToEnd.LearningRates(1e-5, 1e-5),
                        0,
                        0,
                        0.3,
                        adam,
                        2,
                        EndToEnd.Trained.STEP_SIZES,
                        keepBest,
                        0),
                new Evaluation(16, 5),
                List.of(ExportFormat.GPTQ, ExportFormat.DEQUANTIZED),
                numerics,
                0);
    }

    /** The paper's numbers where the estimate looks at them. */
    static Recipe papers() {
        Recipe small = recipe(1, 0, Numerics.FLOAT32, true);
        EndToEnd endToEnd = new EndToEnd(
                4096,
                64,
                4096,
                32,
                1,
                small.endToEnd().learningRates(),
                0.03,
                0,
                0.3,
                small.endToEnd().adam(),
                8,
                EndToEnd.Trained.STEP_SIZES,
                true,
                0);
        return new Recipe(
                new Quantization(2, 64, false),
                new Calibration(2048, 4096, 64, Calibration.Order.RANDOM, Calibration.Activations.FLOAT32),
                small.blockAp(),
                endToEnd,
                new Evaluation(2048, 0),
                small.exports(),
                Numerics.FLOAT32,
                0);
    }

    private static Recipe withGroup(Recipe recipe, int groupSize) {
        return new Recipe(
                new Quantization(2, groupSize, false),
                recipe.calibration(),
                recipe.blockAp(),
                recipe.endToEnd(),
                recipe.evaluation(),
                recipe.exports(),
                recipe.numerics(),
                recipe.seed());
    }
}
