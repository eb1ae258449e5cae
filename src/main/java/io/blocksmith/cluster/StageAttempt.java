package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One attempt at a stage: it puts the work on the device thread, passes its progress on at a bearable pace, and
 * reports how it ended until somebody has made that durable. It answers at any time, because the work is elsewhere.
 */
class StageAttempt extends AbstractBehavior<StageAttempt.Command> {
    private static final int LOSSES = 20;

    /** What an attempt is told; all of it comes from the same JVM. */
    sealed interface Command {}

    /** End at the next step. */
    record Cancel() implements Command {}

    /** The reported outcome is durable, or of no interest any more; the attempt stops. */
    record Acknowledged() implements Command {}

    private record Progressed(Progress progress) implements Command {}

    private record Ended(Outcome outcome) implements Command {}

    private enum Tick implements Command {
        PROGRESS,
        REPORT,
        STUCK
    }

    private final Assignment assignment;
    private final ActorRef<WorkerNode.Command> worker;
    private final Pace pace;
    private final TimerScheduler<Command> timers;
    /** Written by the actor, read by the device thread. */
    private final AtomicBoolean cancelled = new AtomicBoolean();

    private final Deque<Double> losses = new ArrayDeque<>();
    private Progress latest;
    /** Parts of an attempt that train nothing count samples instead. */
    private long trainedStep;

    /** Whether {@code latest} has not been passed on. */
    private boolean news;

    private Outcome outcome;

    StageAttempt(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Assignment assignment,
            ActorRef<WorkerNode.Command> worker,
            Device device,
            Pace pace) {
        super(context);
        // By default it is that of whoever asks first, which is Akka itself when a timer does.
        context.setLoggerName(getClass());
        this.assignment = assignment;
        this.worker = worker;
        this.pace = pace;
        this.timers = timers;
        Monitor monitor = monitor(context.getSelf(), cancelled);
        CompletableFuture<StageResult> work =
                CompletableFuture.supplyAsync(() -> device.runner().run(assignment, monitor), device.thread());
        context.pipeToSelf(
                work, (result, failure) -> new Ended(failure == null ? new Outcome.Done(result) : ended(failure)));
    }

    private static Monitor monitor(ActorRef<Command> self, AtomicBoolean cancelled) {
        return new Monitor() {
            @Override
            public void progressed(Progress progress) {
                self.tell(new Progressed(progress));
            }

            @Override
            public boolean cancelled() {
                return cancelled.get();
            }
        };
    }

    /** An attempt that starts at once and tells {@code worker} of itself. */
    static Behavior<Command> create(
            Assignment assignment, ActorRef<WorkerNode.Command> worker, Device device, Pace pace) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new StageAttempt(context, timers, assignment, worker, device, pace)));
    }

    private Outcome ended(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return switch (cause) {
            case CancellationException _ when cancelled.get() -> new Outcome.Cancelled(Evidence.NONE);
            case DamagedResultException damaged -> new Outcome.FoundDamage(damaged.source(), damaged.getMessage());
            case BlocksmithException known -> new Outcome.Failed(known.category(), known.getMessage(), Evidence.NONE);
            default -> {
                getContext().getLog().error("{} failed unexpectedly", assignment.ticket(), cause);
                yield new Outcome.Failed(
                        Category.DEFECT,
                        "unexpected %s; the log of the worker has the stack trace".formatted(cause),
                        Evidence.NONE);
            }
        };
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder().onAnyMessage(this::on).build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case Cancel() -> {
                if (cancelled.compareAndSet(false, true) && outcome == null) {
                    timers.startSingleTimer(Tick.STUCK, Tick.STUCK, pace.stuckAfter());
                }
            }
            case Progressed(Progress progress) -> {
                latest = progress;
                news = true;
                // An attempt that is given up tells its last step again, with what it saved on leaving.
                if (!Double.isNaN(progress.loss()) && progress.step() > trainedStep) {
                    trainedStep = progress.step();
                    losses.add(progress.loss());
                    if (losses.size() > LOSSES) {
                        losses.removeFirst();
                    }
                }
                if (!timers.isTimerActive(Tick.PROGRESS)) {
                    passProgressOn();
                }
            }
            case Ended(Outcome how) -> {
                outcome = withEvidence(how);
                timers.cancel(Tick.PROGRESS);
                timers.cancel(Tick.STUCK);
                if (how instanceof Outcome.Done(StageResult result)) {
                    done(assignment.ticket(), result);
                }
                report();
            }
            case Tick tick -> {
                switch (tick) {
                    case PROGRESS -> passProgressOn();
                    case REPORT -> report();
                    case STUCK -> worker.tell(new WorkerNode.AttemptStuck(assignment.ticket()));
                }
            }
            case Acknowledged() -> {
                return Behaviors.stopped();
            }
        }
        return this;
    }

    private Outcome withEvidence(Outcome how) {
        Evidence evidence =
                latest == null ? Evidence.NONE : new Evidence(trainedStep, latest.savedStep(), List.copyOf(losses));
        return switch (how) {
            case Outcome.Failed(Category category, String reason, Evidence _) ->
                new Outcome.Failed(category, reason, evidence);
            case Outcome.Cancelled _ -> new Outcome.Cancelled(evidence);
            case Outcome.Done _, Outcome.FoundDamage _ -> how;
        };
    }

    /** Called once when the work has succeeded, before it is reported. */
    void done(Ticket ticket, StageResult result) {
        getContext()
                .getLog()
                .debug("{} is done: {} objects", ticket, result.objects().size());
    }

    private void passProgressOn() {
        if (news && outcome == null) {
            news = false;
            worker.tell(new WorkerNode.AttemptProgressed(latest));
            timers.startSingleTimer(Tick.PROGRESS, Tick.PROGRESS, pace.progressEvery());
        }
    }

    private void report() {
        worker.tell(new WorkerNode.AttemptEnded(assignment.ticket(), outcome));
        timers.startSingleTimer(Tick.REPORT, Tick.REPORT, pace.repeatEvery());
    }
}
