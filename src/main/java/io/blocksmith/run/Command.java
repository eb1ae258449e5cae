package io.blocksmith.run;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import java.time.Instant;
import java.util.Optional;

/** What {@link Decisions} wants done. Its event is made durable first, then the world is told. */
public sealed interface Command {

    /** Give the attempt to the worker. */
    record StartStage(Assignment assignment, String worker, String numerics) implements Command {}

    /** Tell the worker to end the attempt at its next step; may be decided again until the worker has reported. */
    record CancelAttempt(Ticket ticket, String worker) implements Command {}

    /** Let an idle worker share the work of an attempt that another one leads; leaves no trace. */
    record Assist(Assignment assignment, String worker) implements Command {}

    /** Tell the worker that the attempt it assists is over. */
    record EndAssist(Ticket ticket, String worker) implements Command {}

    /** Count the attempt as failed without its worker's word. */
    record AbandonAttempt(Ticket ticket, String worker, Loss loss) implements Command {}

    /** Start nothing more until the store takes objects again. */
    record Pause(String reason) implements Command {}

    /** The store takes objects again. */
    record Resume() implements Command {}

    /** Nothing is left to do. */
    record Complete() implements Command {}

    /** Let the run rest; decided only when nothing runs. */
    record Stop(RestCause cause, String reason) implements Command {}

    /** What the command becomes in the ledger; empty when it leaves no trace there. */
    default Optional<Event> event(Instant now) {
        return switch (this) {
            case StartStage(Assignment assignment, String worker, String numerics) ->
                Optional.of(new StageStarted(now, assignment.ticket(), worker, numerics, assignment.adjustment()));
            case CancelAttempt _ -> Optional.empty();
            case Assist _ -> Optional.empty();
            case EndAssist _ -> Optional.empty();
            case AbandonAttempt(Ticket ticket, String worker, Loss loss) ->
                Optional.of(new StageFailed(now, ticket, loss.category(), loss.reason(), worker, loss.evidence()));
            case Pause(String reason) -> Optional.of(new RunPaused(now, RestCause.STORE, reason));
            case Resume() -> Optional.of(new RunResumed(now, "the store takes objects again"));
            case Complete() -> Optional.of(new RunCompleted(now));
            case Stop(RestCause cause, String reason) -> Optional.of(new RunStopped(now, cause, reason));
        };
    }
}
