package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.result;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StopCause;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.StageState.Waiting;
import org.junit.jupiter.api.Test;

class RunStateTest {
    private static final Stage STAGE = new Capture(0, 0);

    private final RunState running = fold(started(3), start(started(3), STAGE));
    private final Ticket ticket = started(3).nextTicket(STAGE);

    private Event failure(Category category) {
        return new StageFailed(NOON, ticket, category, "disk on fire", WORKER);
    }

    @Test
    void aCommitKeepsTheResult() {
        assertThat(fold(running, new StageCommitted(NOON, ticket, result(ticket)))
                        .result(STAGE))
                .contains(result(ticket));
    }

    @Test
    void aStageCommitsOnce() {
        RunState committed = commit(started(3), STAGE);
        assertThatThrownBy(() -> committed.after(new StageCommitted(NOON, ticket, result(ticket))))
                .hasMessageContaining("run 'tiny' in RUNNING")
                .hasMessageContaining("StageCommitted")
                .hasMessageContaining("that attempt does not run");
    }

    @Test
    void anOlderAttemptCannotCommit() {
        RunState failed = fold(running, failure(Category.TRANSIENT));
        RunState second = fold(failed, start(failed, STAGE));
        assertThatThrownBy(() -> second.after(new StageCommitted(NOON, ticket, result(ticket))))
                .hasMessageContaining("that attempt does not run");
    }

    @Test
    void anOlderEpochCannotCommit() {
        RunState taken = fold(running, new SupervisorStarted(NOON, 2, "host:2"));
        assertThatThrownBy(() -> taken.after(new StageCommitted(NOON, ticket, result(ticket))))
                .hasMessageContaining("that attempt does not run");
    }

    @Test
    void aNewSupervisorCountsOnFromTheLastAttempt() {
        RunState taken = fold(running, new SupervisorStarted(NOON, 2, "host:2"));
        assertThat(taken.nextTicket(STAGE)).isEqualTo(new Ticket("tiny", STAGE, 2, 2));
    }

    @Test
    void aSupervisorOfAnOldEpochIsRefusedNamingTheHolder() {
        assertThatThrownBy(() -> running.after(new SupervisorStarted(NOON, 1, "host:2")))
                .hasMessageContaining("epoch 1 is held by host:1");
    }

    @Test
    void aFailureIsRemembered() {
        assertThat(fold(running, failure(Category.TRANSIENT)).stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class,
                        waiting -> assertThat(waiting.failures())
                                .singleElement()
                                .satisfies(
                                        failure -> assertThat(failure.reason()).isEqualTo("disk on fire")));
    }

    @Test
    void cancellingCountsAgainstNothing() {
        assertThat(fold(running, new StageCancelled(NOON, ticket)).stage(STAGE))
                .isInstanceOfSatisfying(Waiting.class, waiting -> {
                    assertThat(waiting.failures()).isEmpty();
                    assertThat(waiting.attempts()).isEqualTo(1);
                });
    }

    @Test
    void restartingAStoppedRunForgivesItsFailures() {
        RunState restarted = fold(
                running,
                failure(Category.USER),
                new RunStopped(NOON, StopCause.FAILURE, "disk on fire"),
                new SupervisorStarted(NOON, 2, "host:2"));
        assertThat(restarted.stage(STAGE))
                .isInstanceOfSatisfying(
                        Waiting.class, waiting -> assertThat(waiting.failures()).isEmpty());
    }

    @Test
    void aRunDoesNotStopWhileAnAttemptRuns() {
        assertThatThrownBy(() -> running.after(new RunStopped(NOON, StopCause.REQUESTED, "enough")))
                .hasMessageContaining("idle workers");
    }

    @Test
    void aCompletedRunTakesNoSupervisor() {
        RunState completed = fold(started(3), new RunCompleted(NOON));
        assertThat(completed.phase()).isEqualTo(Phase.COMPLETED);
        assertThatThrownBy(() -> completed.after(new SupervisorStarted(NOON, 2, "host:2")))
                .hasMessageContaining("it is complete");
    }
}
