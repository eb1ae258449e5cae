package io.blocksmith.run;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Running;
import java.time.Instant;
import java.util.Optional;

/** What a person asks of a run's supervisor. */
public sealed interface Request {

    /** Who asked, for people. */
    String by();

    /** Save and start nothing until resumed. */
    record Pause(String by) implements Request {}

    /** Go on. */
    record Resume(String by) implements Request {}

    /** Save, and let the run rest; it can be started again. */
    record Cancel(String by) implements Request {}

    /** Forget the stage's failures and its result, and try it afresh. */
    record Retry(String by, Stage stage) implements Request {}

    /** Give the worker no more work; what it runs is saved and goes elsewhere. */
    record Drain(String by, String worker) implements Request {}

    /** Give the worker work again. */
    record Undrain(String by, String worker) implements Request {}

    private static boolean isPausedByPerson(RunState state) {
        return state.phase() == Phase.PAUSED && state.rest().orElseThrow().cause() == RestCause.REQUESTED;
    }

    /**
     * What the request becomes in the ledger; empty when it changes nothing now. A cancellation becomes an event only
     * when nothing runs any more: see {@link Situation#stopRequested}.
     */
    default Optional<Event> event(RunState state, Instant now) {
        if (!state.isSupervised()) {
            return Optional.empty();
        }
        return switch (this) {
            case Pause(String by) ->
                isPausedByPerson(state)
                        ? Optional.empty()
                        : Optional.of(new RunPaused(now, RestCause.REQUESTED, "paused by " + by));
            case Resume(String by) ->
                state.phase() == Phase.PAUSED ? Optional.of(new RunResumed(now, "resumed by " + by)) : Optional.empty();
            case Cancel _ -> Optional.empty();
            case Retry(String by, Stage stage) ->
                state.stage(stage) instanceof Running
                        ? Optional.empty()
                        : Optional.of(new StageReset(now, stage, "reset by " + by));
            case Drain(String by, String worker) ->
                state.drained().contains(worker)
                        ? Optional.empty()
                        : Optional.of(new WorkerDrained(now, worker, "drained by " + by));
            case Undrain(String by, String worker) ->
                state.drained().contains(worker) ? Optional.of(new WorkerReturned(now, worker)) : Optional.empty();
        };
    }
}
