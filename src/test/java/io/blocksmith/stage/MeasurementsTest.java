package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.Category;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Stage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What attempts at tiny stages measure, against numbers counted by hand. */
class MeasurementsTest {
    private static final Duration NEVER = Duration.ofHours(1);

    /** Linears of 64x64, 2 of 32x64, 64x64, 3 of 128x64; 64 attention numbers over 16 tokens. */
    private static final double BLOCK_FLOPS = 2.0 * (4096 + 2 * 2048 + 4096 + 3 * 8192) + 2 * 64 * 17;

    /** 96 token ids of 64 numbers. */
    private static final double HEAD_FLOPS = 2 * 96 * 64;

    private static final double MODEL_FLOPS = 2 * BLOCK_FLOPS + HEAD_FLOPS;

    @TempDir
    Path folder;

    @Test
    void aBlocksStepsTokensAndOperationsAreThoseThatWereTrained() {
        Measurements measured = new BlockRun(folder).attempt(1, NEVER, 0).measured();

        assertThat(measured.all().getFirst()).isEqualTo(new Measurement.Began());
        assertThat(measured.all().getLast()).isEqualTo(new Measurement.Ended());
        assertThat(steps(measured))
                .isEqualTo(LongStream.rangeClosed(1, 24).boxed().toList());
        assertThat(measured.steps())
                .allSatisfy(step -> assertThat(step.work().tokens()).isEqualTo(2 * 16));
        assertThat(measured.steps().getLast().place()).isEqualTo(new Measurement.Place(2, 2, 24, 24));
        // 32 samples of 16 tokens as targets and on their way out; 8 of them at the start and after each epoch.
        assertThat(measured.tokens()).isEqualTo(512 + 24 * 32 + 3 * 128 + 512);
        assertThat(measured.flops()).isEqualTo(BLOCK_FLOPS * (512 + 3 * 24 * 32 + 3 * 128 + 512));
        // Every step moves the clock by a second, and nothing else does.
        assertThat(measured.seconds("train")).isEqualTo(24, within(1e-9));
        assertThat(phases(measured)).containsExactly("check", "targets", "train", "propagate", "seal");
        assertThat(measured.of(Measurement.Validated.class)).hasSize(3);
        assertThat(measured.of(Measurement.Reference.class))
                .containsExactly(new Measurement.Reference(
                        measured.of(Measurement.Validated.class).getFirst().loss()));
    }

    @Test
    void aBlocksLearningRatesFollowTheCosineAndItsGradientsNormIsKnown() {
        Measurements measured = new BlockRun(folder).attempt(1, NEVER, 0).measured();

        for (int i = 0; i < BlockRun.STEPS; i++) {
            Measurement.Stepped step = measured.steps().get(i);
            double rate = 1e-3 * (0.05 + 0.95 * (1 + Math.cos(Math.PI * i / 24)) / 2);
            assertThat(step.rates().weights()).isEqualTo(rate, within(1e-15));
            assertThat(step.rates().stepSizes()).isEqualTo(rate, within(1e-15));
            assertThat(step.rates().zeroPoints()).isEqualTo(rate, within(1e-15));
            assertThat(step.gradientNorm()).isPositive().isFinite();
        }
    }

    @Test
    void aLoweredRateAndWhatIsNotTrainedShow() {
        BlockRun run = new BlockRun(folder, "block-ap.train=step-sizes");

        Measurement.Rates rates = run.attempt(1, new Adjustment(0.5, 1), NEVER, 0)
                .measured()
                .steps()
                .getFirst()
                .rates();

        assertThat(rates).isEqualTo(new Measurement.Rates(Double.NaN, 0.5e-3, Double.NaN));
    }

    @Test
    void overAnInterruptionEveryStepIsToldOnce() {
        BlockRun run = new BlockRun(folder);

        Measurements first = run.attempt(1, NEVER, 9).measured();
        Measurements second = run.attempt(2, NEVER, 0).measured();

        assertThat(steps(first)).isEqualTo(LongStream.rangeClosed(1, 9).boxed().toList());
        assertThat(steps(second))
                .isEqualTo(LongStream.rangeClosed(10, 24).boxed().toList());
        assertThat(first.of(Measurement.Saved.class))
                .singleElement()
                .satisfies(saved -> assertThat(saved.bytes()).isGreaterThan(4 * 3 * 36864));
        assertThat(first.all())
                .containsSubsequence(new Measurement.SavingBegan(), new Measurement.SavingEnded())
                .endsWith(new Measurement.Ended());
        assertThat(second.of(Measurement.Saved.class)).isEmpty();
    }

    @Test
    void savesTakeAsLongAsTheClockSays() {
        Measurements measured =
                new BlockRun(folder).attempt(1, Duration.ofSeconds(5), 0).measured();

        assertThat(measured.of(Measurement.Saved.class)).hasSizeBetween(2, 4).allSatisfy(saved -> {
            assertThat(saved.seconds()).isBetween(0.0, 24.0);
            assertThat(saved.bytes()).isPositive();
        });
    }

    @Test
    void aSaveThatFailsIsToldWithItsCategory() {
        BlockRun run = new BlockRun(folder);
        run.freeBytes(1000);

        Measurements measured = run.attempt(1, Duration.ofSeconds(4), 0).measured();

        assertThat(measured.of(Measurement.SaveFailed.class))
                .isNotEmpty()
                .containsOnly(new Measurement.SaveFailed(Category.STORE_FULL));
        assertThat(measured.of(Measurement.Saved.class)).isEmpty();
    }

    @Test
    void aLossThatIsNotFiniteIsToldOnce() {
        BlockRun run = new BlockRun(folder, "block-ap.learning-rates.weights=1e30");

        BlockRun.Attempt attempt = run.attempt(1, NEVER, 0);

        assertThat(attempt.failure().orElseThrow()).extracting("category").isEqualTo(Category.NOT_FINITE);
        assertThat(attempt.measured().of(Measurement.FoundNotFinite.class)).hasSize(1);
        assertThat(attempt.measured().all()).endsWith(new Measurement.Ended());
    }

    @Test
    void theWholeModelIsCountedInEndToEndTrainingAndEvaluation() {
        StagedRun run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(1, 4));
        Measurements captured = complete(run, new Stage.Capture(0, 0));
        run.complete(new Stage.TrainBlock(0));
        run.complete(new Stage.TrainBlock(1));

        Measurements trained = complete(run, new Stage.EndToEnd());
        Measurements evaluated = complete(run, new Stage.Evaluate(Stage.Subject.FULL_PRECISION));

        assertThat(captured.tokens()).isEqualTo(31 * 16);
        assertThat(captured.flops()).isZero();
        assertThat(steps(trained))
                .isEqualTo(LongStream.rangeClosed(1, 6).boxed().toList());
        // 6 steps of 8 windows; 5 windows at the start, after 2, 3, 4 and 6 steps.
        assertThat(trained.tokens()).isEqualTo(6 * 8 * 16 + 5 * 5 * 16);
        assertThat(trained.flops())
                .isEqualTo(6 * 8 * 16 * (8 * BLOCK_FLOPS + 2 * HEAD_FLOPS) + 5 * 5 * 16 * MODEL_FLOPS);
        assertThat(trained.steps()).allSatisfy(step -> {
            assertThat(step.gradientNorm()).isPositive().isFinite();
            assertThat(step.rates().weights()).isNaN();
        });
        List<Double> cosine = IntStream.range(1, 6)
                .mapToObj(i -> 1e-3 * (1 + Math.cos(Math.PI * (i - 1) / 5)) / 2)
                .toList();
        assertThat(trained.steps().getFirst().rates().stepSizes()).isZero();
        for (int i = 1; i < 6; i++) {
            assertThat(trained.steps().get(i).rates().stepSizes()).isEqualTo(cosine.get(i - 1), within(1e-15));
            assertThat(trained.steps().get(i).rates().zeroPoints()).isEqualTo(cosine.get(i - 1), within(1e-15));
        }
        // The 7 validation windows of 16 tokens, through 2 blocks.
        assertThat(evaluated.tokens()).isEqualTo(2 * 7 * 16);
        assertThat(evaluated.flops()).isEqualTo(7 * 16 * MODEL_FLOPS);
    }

    private static Measurements complete(StagedRun run, Stage stage) {
        Measurements measured = new Measurements();
        var ticket = run.start(stage);
        run.commit(ticket, run.pipeline(measured).run(new Assignment(ticket, Adjustment.NONE), StagedRun.QUIET));
        return measured;
    }

    private static List<Long> steps(Measurements measured) {
        return measured.steps().stream().map(step -> step.place().step()).toList();
    }

    private static List<String> phases(Measurements measured) {
        return measured.of(Measurement.PhaseBegan.class).stream()
                .map(Measurement.PhaseBegan::phase)
                .toList();
    }
}
