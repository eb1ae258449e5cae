package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.StopCause;
import java.time.Instant;
import java.util.Optional;

/** What {@link Decisions} wants done. Its event is made durable first, then the world is told. */
public sealed interface Command {

    /** Give the attempt to the worker. */
    record StartStage(Ticket ticket, String worker) implements Command {}

    /** Tell the worker to end the attempt at its next step; may be decided again until the worker has reported. */
    record CancelAttempt(Ticket ticket, String worker) implements Command {}

    /** Count the attempt as failed without its worker's word. */
    record AbandonAttempt(Ticket ticket, String worker, String reason) implements Command {}

    /** Nothing is left to do. */
    record Complete() implements Command {}

    /** Let the run rest; decided only when nothing runs. */
    record Stop(StopCause cause, String reason) implements Command {}

    /** What the command becomes in the ledger; empty when it leaves no trace there. */
    default Optional<Event> event(Instant now) {
        return switch (this) {
            case StartStage(Ticket ticket, String worker) -> Optional.of(new StageStarted(now, ticket, worker));
            case CancelAttempt ignored -> Optional.empty();
            // The stage may succeed elsewhere, but a stage that takes its workers down must not go round for ever.
            case AbandonAttempt(Ticket ticket, String worker, String reason) ->
                Optional.of(new StageFailed(now, ticket, Category.TRANSIENT, reason, worker));
            case Complete() -> Optional.of(new RunCompleted(now));
            case Stop(StopCause cause, String reason) -> Optional.of(new RunStopped(now, cause, reason));
        };
    }
}
