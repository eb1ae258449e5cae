package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.Request.Cancel;
import io.blocksmith.run.Request.Drain;
import io.blocksmith.run.Request.Pause;
import io.blocksmith.run.Request.Resume;
import io.blocksmith.run.Request.Retry;
import io.blocksmith.run.Request.Undrain;
import io.blocksmith.run.Stage.Capture;
import org.junit.jupiter.api.Test;

class RequestTest {
    private static final Stage STAGE = new Capture(0, 0);

    private final RunState fresh = started(3);
    private final RunState paused = fold(fresh, new RunPaused(NOON, RestCause.REQUESTED, "lunch"));
    private final RunState drained = fold(fresh, new WorkerDrained(NOON, WORKER, "upgrade"));

    @Test
    void nothingIsAskedOfARunThatNobodySupervises() {
        assertThat(new Pause("ann").event(RunState.empty(), NOON)).isEmpty();
    }

    @Test
    void aRunIsPausedOnce() {
        assertThat(new Pause("ann").event(fresh, NOON))
                .contains(new RunPaused(NOON, RestCause.REQUESTED, "paused by ann"));
        assertThat(new Pause("ann").event(paused, NOON)).isEmpty();
    }

    @Test
    void aPauseOutlastsThatOfTheStore() {
        RunState full = fold(fresh, new RunPaused(NOON, RestCause.STORE, "no room"));
        assertThat(new Pause("ann").event(full, NOON))
                .contains(new RunPaused(NOON, RestCause.REQUESTED, "paused by ann"));
    }

    @Test
    void onlyAPausedRunIsResumed() {
        assertThat(new Resume("ann").event(paused, NOON)).contains(new RunResumed(NOON, "resumed by ann"));
        assertThat(new Resume("ann").event(fresh, NOON)).isEmpty();
    }

    @Test
    void aCancellationIsNoEventUntilNothingRuns() {
        assertThat(new Cancel("ann").event(fresh, NOON)).isEmpty();
    }

    @Test
    void aStageIsResetUnlessItRuns() {
        assertThat(new Retry("ann", STAGE).event(commit(fresh, STAGE), NOON))
                .contains(new StageReset(NOON, STAGE, "reset by ann"));
        assertThat(new Retry("ann", STAGE).event(fold(fresh, start(fresh, STAGE)), NOON))
                .isEmpty();
    }

    @Test
    void aWorkerIsDrainedOnceAndReturnedOnce() {
        assertThat(new Drain("ann", WORKER).event(fresh, NOON))
                .contains(new WorkerDrained(NOON, WORKER, "drained by ann"));
        assertThat(new Drain("ann", WORKER).event(drained, NOON)).isEmpty();
        assertThat(new Undrain("ann", WORKER).event(drained, NOON)).contains(new WorkerReturned(NOON, WORKER));
        assertThat(new Undrain("ann", WORKER).event(fresh, NOON)).isEmpty();
    }
}
