package io.blocksmith.run;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import java.time.Instant;

/** What {@link Decisions} wants done: recorded, or told to a worker. */
public sealed interface Command {

    /** What becomes an event: that is made durable first, then the world is told. */
    sealed interface Recorded extends Command {
        /** What the command becomes in the ledger. */
        Event event(Instant now);
    }

    /** What a worker is told; it leaves no trace in the ledger, so it may be decided again. */
    sealed interface Told extends Command {}

    /** Give the attempt to the worker. */
    record StartStage(Assignment assignment, String worker, String numerics) implements Recorded {
        @Override
        public Event event(Instant now) {
            return new StageStarted(now, assignment.ticket(), worker, numerics, assignment.adjustment());
        }
    }

    /** Tell the worker to end the attempt at its next step; decided again until the worker has reported. */
    record CancelAttempt(Ticket ticket, String worker) implements Told {}

    /** Let an idle worker share the work of an attempt that another one leads. */
    record Assist(Assignment assignment, String worker) implements Told {}

    /** Tell the worker that the attempt it assists is over. */
    record EndAssist(Ticket ticket, String worker) implements Told {}

    /** Count the attempt as failed, or as cancelled where nobody is charged, without its worker's word. */
    record AbandonAttempt(Ticket ticket, String worker, Loss loss) implements Recorded {
        @Override
        public Event event(Instant now) {
            if (!loss.charged()) {
                return new StageCancelled(now, ticket, loss.evidence());
            }
            return new StageFailed(now, ticket, loss.category(), loss.reason(), worker, loss.evidence());
        }
    }

    /** Start nothing more until the store takes objects again. */
    record Pause(String reason) implements Recorded {
        @Override
        public Event event(Instant now) {
            return new RunPaused(now, RestCause.STORE, reason);
        }
    }

    /** The store takes objects again. */
    record Resume() implements Recorded {
        @Override
        public Event event(Instant now) {
            return new RunResumed(now, "the store takes objects again");
        }
    }

    /** Nothing is left to do. */
    record Complete() implements Recorded {
        @Override
        public Event event(Instant now) {
            return new RunCompleted(now);
        }
    }

    /** Let the run rest; decided only when nothing runs. */
    record Stop(RestCause cause, String reason) implements Recorded {
        @Override
        public Event event(Instant now) {
            return new RunStopped(now, cause, reason);
        }
    }
}
