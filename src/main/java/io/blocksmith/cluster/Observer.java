package io.blocksmith.cluster;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stands between the supervisor and a listener that may be slow or broken; runs on a dispatcher for blocking work. */
final class Observer {
    private static final Logger LOG = LoggerFactory.getLogger(Observer.class);

    private Observer() {}

    /** What an observer is told. */
    sealed interface Command {}

    record Recorded(Event event, RunState after) implements Command {}

    record Progressed(Progress progress) implements Command {}

    record Looked(RunStatus status) implements Command {}

    /** A report came of an attempt that is not under way. */
    record Stale(Ticket ticket) implements Command {}

    /** The last message; told after everything else was seen. */
    record Ended(RunOutcome outcome) implements Command {}

    /** An observer that stops once {@code outcome} is out. */
    static Behavior<Command> create(RunListener listener, CompletableFuture<RunOutcome> outcome) {
        return Behaviors.receiveMessage(command -> {
            try {
                switch (command) {
                    case Recorded(Event event, RunState after) -> listener.recorded(event, after);
                    case Progressed(Progress progress) -> listener.progressed(progress);
                    case Looked(RunStatus status) -> listener.looked(status);
                    case Stale(Ticket ticket) -> listener.stale(ticket);
                    case Ended(RunOutcome how) -> {
                        try {
                            listener.ended(how);
                        } finally {
                            outcome.complete(how);
                        }
                    }
                }
            } catch (RuntimeException failure) {
                // A broken display is no reason to end a run.
                LOG.warn("the run's listener failed", failure);
            }
            return command instanceof Ended ? Behaviors.stopped() : Behaviors.same();
        });
    }
}
