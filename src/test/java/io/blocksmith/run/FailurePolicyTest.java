package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.FailurePolicy.Verdict;
import io.blocksmith.run.FailurePolicy.Verdict.AwaitStore;
import io.blocksmith.run.FailurePolicy.Verdict.GiveUp;
import io.blocksmith.run.FailurePolicy.Verdict.Retry;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Saved;
import io.blocksmith.run.StageState.Waiting;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class FailurePolicyTest {
    private static final Stage BLOCK = new TrainBlock(3);

    /** Batches of Block-AP can be cut in 2, gradient shards of E2E-QP in 4. */
    private final FailurePolicy policy = FailurePolicy.of(Plans.recipe(2, 1, 0), 3, 5);

    private static Failure on(String worker, Category category, long savedStep) {
        return new Failure(1, category, "disk on fire", worker, NOON, Evidence.NONE, savedStep);
    }

    private static Failure on(String worker, Category category) {
        return on(worker, category, 0);
    }

    private static Waiting after(Failure... failures) {
        return new Waiting(failures.length, List.of(failures), Saved.NOTHING, Optional.empty());
    }

    private static Failure[] times(int times, Failure failure) {
        Failure[] failures = new Failure[times];
        Arrays.fill(failures, failure);
        return failures;
    }

    private Verdict judge(Failure... failures) {
        return policy.judge(BLOCK, after(failures));
    }

    private static Retry anywhere() {
        return new Retry(Adjustment.NONE, Set.of());
    }

    @Test
    void noFailureIsAReasonToTry() {
        assertThat(judge()).isEqualTo(anywhere());
    }

    @Test
    void aWrongInputStopsAtOnce() {
        assertThat(judge(on("a", Category.USER))).isEqualTo(new GiveUp("block-003 failed on a: disk on fire"));
    }

    @ParameterizedTest
    @EnumSource(names = {"STORE_FULL", "STORE_UNAVAILABLE"})
    void theStoreIsWaitedForHoweverOftenItFails(Category category) {
        assertThat(judge(times(50, on("a", category)))).isEqualTo(new AwaitStore("disk on fire"));
    }

    @Test
    void memoryThatDoesNotLastCutsTheBatchUntilItCannotBeCut() {
        assertThat(judge(on("a", Category.DEVICE_MEMORY))).isEqualTo(new Retry(new Adjustment(1, 2), Set.of()));
        assertThat(judge(times(2, on("a", Category.DEVICE_MEMORY))))
                .isEqualTo(new GiveUp(
                        "block-003 failed 2 times, last on a; a batch cannot be cut any further: disk on fire"));
    }

    @Test
    void shardsOfEndToEndAreCutFurther() {
        assertThat(policy.judge(new EndToEnd(), after(times(2, on("a", Category.DEVICE_MEMORY)))))
                .isEqualTo(new Retry(new Adjustment(1, 4), Set.of()));
        assertThat(policy.judge(new EndToEnd(), after(times(3, on("a", Category.DEVICE_MEMORY)))))
                .isInstanceOf(GiveUp.class);
    }

    @Test
    void aStageThatHasNoBatchNeverTriesTheSameMemoryAgain() {
        assertThat(policy.judge(new Capture(0, 0), after(on("a", Category.DEVICE_MEMORY))))
                .isInstanceOf(GiveUp.class);
    }

    @Test
    void lossesThatAreNotFiniteAreReplayedThenHalvedThenGivenUp() {
        assertThat(judge(on("a", Category.NOT_FINITE))).isEqualTo(anywhere());
        assertThat(judge(times(2, on("a", Category.NOT_FINITE))))
                .isEqualTo(new Retry(new Adjustment(0.5, 1), Set.of()));
        assertThat(judge(times(3, on("a", Category.NOT_FINITE))))
                .isEqualTo(new GiveUp("block-003 failed 3 times, last on a, also replayed and at half the learning"
                        + " rate: disk on fire"));
    }

    @Test
    void progressDoesNotMakeLossesFinite() {
        assertThat(judge(
                        on("a", Category.NOT_FINITE, 5),
                        on("a", Category.NOT_FINITE, 9),
                        on("a", Category.NOT_FINITE, 20)))
                .isInstanceOf(GiveUp.class);
    }

    @Test
    void fourLostWorkersInARowAreBadLuckAndFiveAreNot() {
        assertThat(judge(times(4, on("a", Category.WORKER_LOST)))).isEqualTo(anywhere());
        assertThat(judge(times(5, on("a", Category.WORKER_LOST)))).isInstanceOf(GiveUp.class);
    }

    @Test
    void lostWorkersCountAnewAfterProgress() {
        assertThat(judge(
                        on("a", Category.WORKER_LOST, 10),
                        on("a", Category.WORKER_LOST, 20),
                        on("a", Category.WORKER_LOST, 30),
                        on("a", Category.WORKER_LOST, 40),
                        on("a", Category.WORKER_LOST, 40)))
                .isEqualTo(anywhere());
    }

    @ParameterizedTest
    @EnumSource(names = {"ENVIRONMENT", "TRANSIENT", "HUNG", "DAMAGED", "DEFECT"})
    void theThirdFailureWithoutProgressIsTheStagesOwn(Category category) {
        assertThat(judge(times(2, on("a", category)))).isInstanceOf(Retry.class);
        assertThat(judge(times(3, on("a", category)))).isInstanceOf(GiveUp.class);
    }

    @ParameterizedTest
    @EnumSource(names = {"ENVIRONMENT", "TRANSIENT", "HUNG", "DEFECT"})
    void aStageThatFailsOnTwoWorkersIsPoison(Category category) {
        assertThat(judge(on("a", category), on("b", category))).isInstanceOf(GiveUp.class);
    }

    @Test
    void damageSaysNothingAboutTheWorkersThatLeftIt() {
        assertThat(judge(on("a", Category.DAMAGED), on("b", Category.DAMAGED))).isEqualTo(anywhere());
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"ENVIRONMENT", "TRANSIENT", "HUNG", "DAMAGED", "DEFECT"})
    void otherFailuresDoNotMakePoison(Category category) {
        assertThat(judge(on("a", Category.TRANSIENT), on("b", category), on("a", Category.TRANSIENT)))
                .isInstanceOf(Retry.class);
    }

    @Test
    void failuresOnTwoWorkersWithProgressBetweenAreNoPoison() {
        assertThat(judge(on("a", Category.TRANSIENT, 5), on("b", Category.TRANSIENT, 9)))
                .isEqualTo(anywhere());
    }

    @Test
    void aWorkerIsAvoidedAfterTwoHangsOrForItsEnvironment() {
        assertThat(judge(on("a", Category.HUNG))).isEqualTo(anywhere());
        assertThat(judge(times(2, on("a", Category.HUNG)))).isEqualTo(new Retry(Adjustment.NONE, Set.of("a")));
        assertThat(judge(on("a", Category.ENVIRONMENT))).isEqualTo(new Retry(Adjustment.NONE, Set.of("a")));
    }

    @Test
    void aStageThatCommittedBeforeIsComputedAsItWasThen() {
        Waiting rebuilt =
                new Waiting(4, List.of(on("a", Category.DAMAGED)), Saved.NOTHING, Optional.of(new Adjustment(0.5, 2)));
        assertThat(policy.judge(BLOCK, rebuilt)).isEqualTo(new Retry(new Adjustment(0.5, 2), Set.of()));
    }

    @Test
    void pausesGrowToAMinute() {
        assertThat(FailurePolicy.pauseSeconds(List.of())).isZero();
        assertThat(FailurePolicy.pauseSeconds(List.of(on("a", Category.TRANSIENT))))
                .isZero();
        assertThat(FailurePolicy.pauseSeconds(List.of(times(2, on("a", Category.TRANSIENT)))))
                .isEqualTo(4);
        assertThat(FailurePolicy.pauseSeconds(List.of(times(20, on("a", Category.STORE_FULL)))))
                .isEqualTo(60);
        assertThat(FailurePolicy.pauseSeconds(List.of(times(3, on("a", Category.WORKER_LOST)))))
                .isZero();
    }
}
