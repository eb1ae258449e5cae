package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

/** A share in an attempt that another worker leads; nobody waits for it, so how it ends is of no importance. */
final class Assistant {
    private Assistant() {}

    /** What a helper is told; all of it comes from the same JVM. */
    sealed interface Command {}

    /** End at the next step. */
    record Cancel() implements Command {}

    private record Ended(Throwable failure) implements Command {}

    /** A helper that starts at once and tells {@code worker} when it is over. */
    static Behavior<Command> create(
            Assignment assignment, String name, ActorRef<WorkerNode.Command> worker, Device device) {
        return Behaviors.setup(context -> {
            context.setLoggerName(Assistant.class);
            AtomicBoolean cancelled = new AtomicBoolean();
            Monitor monitor = new Monitor() {
                @Override
                public void progressed(Progress progress) {
                    // The leader tells how far the attempt is.
                }

                @Override
                public boolean cancelled() {
                    return cancelled.get();
                }
            };
            CompletableFuture<Void> work = CompletableFuture.runAsync(
                    () -> device.runner().assist(assignment, name, monitor), device.thread());
            context.pipeToSelf(work, (_, failure) -> new Ended(failure));
            return Behaviors.receiveMessage(command -> switch (command) {
                case Cancel() -> {
                    cancelled.set(true);
                    yield Behaviors.same();
                }
                case Ended(Throwable failure) -> {
                    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                    if (cause != null && !(cause instanceof CancellationException)) {
                        context.getLog().warn("help with {} broke off: {}", assignment.ticket(), cause.toString());
                    }
                    worker.tell(new WorkerNode.AssistEnded(assignment.ticket()));
                    yield Behaviors.stopped();
                }
            });
        });
    }
}
