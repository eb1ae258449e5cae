package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.NUMERICS;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fail;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.result;
import static io.blocksmith.run.Histories.saved;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Saved;
import io.blocksmith.run.StageState.Waiting;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RunStateTest {
    private static final Stage STAGE = new Capture(0, 0);
    private static final Stage OTHER = new TrainBlock(0);

    private static final Event TAKEN = new SupervisorStarted(NOON, 2, "host:2");
    private static final Event PAUSED = new RunPaused(NOON, RestCause.REQUESTED, "lunch");
    private static final Event STOPPED = new RunStopped(NOON, RestCause.REQUESTED, "enough");

    private final RunState fresh = started(3);
    private final RunState running = fold(fresh, start(fresh, STAGE));
    private final RunState committed = commit(fresh, STAGE);
    private final RunState building = fold(committed, start(committed, OTHER));
    private final Ticket ticket = fresh.nextTicket(STAGE);

    private Event failure(Category category) {
        return new StageFailed(NOON, ticket, category, "disk on fire", WORKER, Evidence.NONE);
    }

    /** One legal state for each row of the table's left column, and more where a row depends on a stage. */
    private Map<String, RunState> states() {
        Map<String, RunState> states = new LinkedHashMap<>();
        states.put("new", RunState.empty());
        states.put("submitted", fold(RunState.empty(), new RunSubmitted(NOON, "tiny", "d1", 3)));
        states.put("idle", fresh);
        states.put("running", running);
        states.put("committed", committed);
        states.put("building", building);
        states.put("paused", fold(fresh, PAUSED));
        states.put("paused running", fold(running, PAUSED));
        states.put("paused committed", fold(committed, PAUSED));
        states.put("paused building", fold(building, PAUSED));
        states.put("waiting for the store", fold(committed, new RunPaused(NOON, RestCause.STORE, "no room")));
        states.put("stopped", fold(fresh, STOPPED));
        states.put("completed", fold(fresh, new RunCompleted(NOON)));
        return states;
    }

    private void assertLegalOnlyIn(Event event, String... names) {
        Set<String> legal = new LinkedHashSet<>();
        states().forEach((name, state) -> {
            try {
                state.after(event);
                legal.add(name);
            } catch (BlocksmithException refused) {
                assertThat(refused.category()).isEqualTo(Category.DEFECT);
                assertThat(refused)
                        .hasMessageContaining(state.phase().name())
                        .hasMessageContaining(event.getClass().getSimpleName());
            }
        });
        assertThat(legal).containsExactlyInAnyOrder(names);
    }

    @Test
    void aRunIsSubmittedOnce() {
        assertLegalOnlyIn(new RunSubmitted(NOON, "tiny", "d1", 3), "new");
    }

    @Test
    void aSupervisorTakesWhateverWasSubmitted() {
        assertLegalOnlyIn(
                TAKEN,
                "submitted",
                "idle",
                "running",
                "committed",
                "building",
                "paused",
                "paused running",
                "paused committed",
                "paused building",
                "waiting for the store",
                "stopped",
                "completed");
    }

    @Test
    void aStageStartsOnlyInARunningRunAndOnlyWhenItWaits() {
        assertLegalOnlyIn(start(fresh, STAGE), "idle");
    }

    @Test
    void onlyTheAttemptThatRunsCommits() {
        assertLegalOnlyIn(new StageCommitted(NOON, ticket, result(ticket)), "running", "paused running");
    }

    @Test
    void onlyTheAttemptThatRunsFails() {
        assertLegalOnlyIn(failure(Category.TRANSIENT), "running", "paused running");
    }

    @Test
    void onlyTheAttemptThatRunsIsCancelled() {
        assertLegalOnlyIn(new StageCancelled(NOON, ticket, Evidence.NONE), "running", "paused running");
    }

    @Test
    void onlyACommittedResultIsFoundDamagedByAnAttemptThatRuns() {
        assertLegalOnlyIn(
                new StageDamaged(NOON, fresh.nextTicket(OTHER), STAGE, "torn"), "building", "paused building");
    }

    @Test
    void aStageIsResetUnlessAnAttemptRuns() {
        assertLegalOnlyIn(
                new StageReset(NOON, STAGE, "again"),
                "idle",
                "committed",
                "building",
                "paused",
                "paused committed",
                "paused building",
                "waiting for the store");
    }

    @Test
    void onlyARunningRunIsPausedByTheStore() {
        assertLegalOnlyIn(new RunPaused(NOON, RestCause.STORE, "no room"), "idle", "running", "committed", "building");
    }

    @Test
    void aPersonAlsoPausesARunThatTheStorePaused() {
        assertLegalOnlyIn(PAUSED, "idle", "running", "committed", "building", "waiting for the store");
        assertThat(fold(states().get("waiting for the store"), PAUSED).rest())
                .contains(new RunState.Rest(RestCause.REQUESTED, "lunch", NOON));
    }

    @Test
    void onlyAPausedRunIsResumed() {
        assertLegalOnlyIn(
                new RunResumed(NOON, "lunch is over"),
                "paused",
                "paused running",
                "paused committed",
                "paused building",
                "waiting for the store");
    }

    @Test
    void aRunStopsOnlyWhenNothingRuns() {
        assertLegalOnlyIn(STOPPED, "idle", "committed", "paused", "paused committed", "waiting for the store");
    }

    @Test
    void aRunCompletesOnlyWhenNothingRuns() {
        assertLegalOnlyIn(
                new RunCompleted(NOON), "idle", "committed", "paused", "paused committed", "waiting for the store");
    }

    @Test
    void workersAreDrainedAndReturnedAtAnyTime() {
        assertLegalOnlyIn(
                new WorkerDrained(NOON, WORKER, "upgrade"), states().keySet().toArray(String[]::new));
        assertLegalOnlyIn(new WorkerReturned(NOON, WORKER), states().keySet().toArray(String[]::new));
    }

    @Test
    void aCommitKeepsTheResultAndHowItCameAbout() {
        RunState after = fold(running, new StageCommitted(NOON, ticket, result(ticket)));
        assertThat(after.result(STAGE)).contains(result(ticket));
        assertThat(after.stage(STAGE)).isInstanceOfSatisfying(Committed.class, stage -> {
            assertThat(stage.worker()).isEqualTo(WORKER);
            assertThat(stage.numerics()).isEqualTo(NUMERICS);
            assertThat(stage.ticket()).isEqualTo(ticket);
        });
    }

    @Test
    void anOlderAttemptCannotCommit() {
        RunState failed = fold(running, failure(Category.TRANSIENT));
        RunState second = fold(failed, start(failed, STAGE));
        assertThatThrownBy(() -> second.after(new StageCommitted(NOON, ticket, result(ticket))))
                .hasMessageContaining("run 'tiny' in RUNNING")
                .hasMessageContaining("StageCommitted")
                .hasMessageContaining("that attempt does not run");
    }

    @Test
    void anAttemptOutlivesItsSupervisorAndCommitsUnderTheNext() {
        RunState taken = fold(running, TAKEN);
        assertThat(taken.isRunning(ticket)).isTrue();
        assertThat(fold(taken, new StageCommitted(NOON, ticket, result(ticket))).isCommitted(STAGE))
                .isTrue();
    }

    @Test
    void aNewSupervisorCountsOnFromTheLastAttempt() {
        RunState taken = fold(fold(running, failure(Category.TRANSIENT)), TAKEN);
        assertThat(taken.nextTicket(STAGE)).isEqualTo(new Ticket("tiny", STAGE, 2, 2));
    }

    @Test
    void aSupervisorOfAnOldEpochIsRefusedNamingTheHolder() {
        assertThatThrownBy(() -> running.after(new SupervisorStarted(NOON, 1, "host:2")))
                .hasMessageContaining("epoch 1 is held by host:1");
    }

    @Test
    void aFailureIsRememberedWithItsEvidence() {
        RunState failed = fail(fresh, STAGE, Category.HUNG, WORKER, saved(7));
        assertThat(failed.stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class,
                        waiting -> assertThat(waiting.failures())
                                .singleElement()
                                .satisfies(failure -> {
                                    assertThat(failure.reason()).isEqualTo("disk on fire");
                                    assertThat(failure.evidence()).isEqualTo(saved(7));
                                }));
    }

    @Test
    void whatAnAttemptSavedIsGoneOnFromWithTheNumericsOfItsWorker() {
        RunState failed = fail(fresh, STAGE, Category.TRANSIENT, WORKER, saved(7));
        RunState again = fail(failed, STAGE, Category.TRANSIENT, WORKER, Evidence.NONE);
        assertThat(again.stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class, waiting -> assertThat(waiting.saved()).isEqualTo(new Saved(7, NUMERICS, 1)));
    }

    @Test
    void cancellingCountsAgainstNothingAndKeepsWhatWasSaved() {
        assertThat(fold(running, new StageCancelled(NOON, ticket, saved(3))).stage(STAGE))
                .isEqualTo(new Waiting(1, List.of(), new Saved(3, NUMERICS, 1), Optional.empty()));
    }

    @Test
    void aFailureKnowsTheNewestDurableStepWhicheverAttemptSavedIt() {
        RunState failed = fail(fresh, STAGE, Category.WORKER_LOST, WORKER, saved(7));
        RunState again = fail(failed, STAGE, Category.WORKER_LOST, WORKER, Evidence.NONE);
        assertThat(again.stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class,
                        waiting -> assertThat(waiting.failures())
                                .extracting(StageState.Failure::savedStep)
                                .containsExactly(7L, 7L));
    }

    @Test
    void anAttemptAtAnotherLearningRateStartsAnew() {
        RunState failed = fail(fresh, STAGE, Category.NOT_FINITE, WORKER, saved(7));
        Ticket halved = failed.nextTicket(STAGE);
        RunState after = fold(
                failed,
                new StageStarted(NOON, halved, WORKER, NUMERICS, new Adjustment(0.5, 1)),
                new StageFailed(NOON, halved, Category.TRANSIENT, "hiccup", WORKER, Evidence.NONE));
        assertThat(after.stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class, waiting -> assertThat(waiting.saved()).isEqualTo(Saved.NOTHING));
    }

    @Test
    void whatFailedBeforeACommitDoesNotCountAgainstARebuild() {
        RunState built = commit(fail(fresh, STAGE, Category.TRANSIENT), STAGE);
        RunState other = fold(built, start(built, OTHER));
        assertThat(fold(other, new StageDamaged(NOON, built.nextTicket(OTHER), STAGE, "torn"))
                        .stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class,
                        waiting -> assertThat(waiting.failures())
                                .extracting(StageState.Failure::category)
                                .containsExactly(Category.DAMAGED));
    }

    @Test
    void damageCountsAgainstTheSourceAndNotAgainstItsFinder() {
        RunState damaged = fold(building, new StageDamaged(NOON, committed.nextTicket(OTHER), STAGE, "torn"));
        assertThat(damaged.stage(OTHER))
                .isInstanceOfSatisfying(
                        Waiting.class, waiting -> assertThat(waiting.failures()).isEmpty());
        assertThat(damaged.stage(STAGE)).isInstanceOfSatisfying(Waiting.class, waiting -> {
            assertThat(waiting.attempts()).isEqualTo(1);
            assertThat(waiting.saved()).isEqualTo(Saved.NOTHING);
            assertThat(waiting.failures()).singleElement().satisfies(failure -> {
                assertThat(failure.category()).isEqualTo(Category.DAMAGED);
                assertThat(failure.worker()).isEqualTo(WORKER);
            });
        });
    }

    @Test
    void aResetForgetsFailuresAndResultButNotTheCountOfAttempts() {
        RunState failed = fail(fresh, STAGE, Category.TRANSIENT, WORKER, saved(7));
        assertThat(fold(commit(failed, STAGE), new StageReset(NOON, STAGE, "again"))
                        .stage(STAGE))
                .isEqualTo(new Waiting(2, List.of(), Saved.NOTHING, Optional.of(Adjustment.NONE)));
    }

    @Test
    void aPauseNamesItsCauseAndOutlivesTheSupervisor() {
        RunState paused = fold(running, new RunPaused(NOON, RestCause.STORE, "no room"), TAKEN);
        assertThat(paused.phase()).isEqualTo(Phase.PAUSED);
        assertThat(paused.rest()).contains(new RunState.Rest(RestCause.STORE, "no room", NOON));
        assertThat(fold(paused, new RunResumed(NOON, "room")).rest()).isEqualTo(Optional.empty());
    }

    @Test
    void drainedWorkersAreKnownToEverySupervisor() {
        RunState drained = fold(fresh, new WorkerDrained(NOON, WORKER, "upgrade"), TAKEN);
        assertThat(drained.drained()).containsExactly(WORKER);
        assertThat(fold(drained, new WorkerReturned(NOON, WORKER)).drained()).isEmpty();
    }

    @Test
    void restartingAStoppedRunForgivesItsFailuresButKeepsWhatWasSaved() {
        RunState restarted = fold(fail(fresh, STAGE, Category.USER, WORKER, saved(5)), STOPPED, TAKEN);
        assertThat(restarted.phase()).isEqualTo(Phase.RUNNING);
        assertThat(restarted.stage(STAGE)).isInstanceOfSatisfying(Waiting.class, waiting -> {
            assertThat(waiting.failures()).isEmpty();
            assertThat(waiting.saved()).isEqualTo(new Saved(5, NUMERICS, 1));
        });
    }

    @Test
    void takingARunOverForgivesNothing() {
        assertThat(fold(fail(fresh, STAGE, Category.TRANSIENT), TAKEN).stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class, waiting -> assertThat(waiting.failures()).hasSize(1));
    }

    @Test
    void anAttemptRunsAsItWasRecorded() {
        assertThat(running.stage(STAGE)).isInstanceOfSatisfying(Running.class, stage -> {
            assertThat(stage.adjustment()).isEqualTo(Adjustment.NONE);
            assertThat(stage.attempts()).isEqualTo(1);
        });
    }
}
