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
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One attempt at a stage: it puts the work on the device thread, passes its progress on at a bearable pace, and
 * reports how it ended until somebody has made that durable. It answers at any time, because the work is elsewhere.
 */
class StageAttempt extends AbstractBehavior<StageAttempt.Command> {

    /** What an attempt is told. */
    sealed interface Command {}

    /** End at the next step. */
    record Cancel() implements Command {}

    /** The reported outcome is durable, or of no interest any more; the attempt stops. */
    record Acknowledged() implements Command {}

    private record Progressed(Progress progress) implements Command {}

    private record Ended(Outcome outcome) implements Command {}

    private enum Tick implements Command {
        PROGRESS,
        REPORT
    }

    /**
     * What is to be done and who hears of it.
     *
     * @param worker name of the worker that runs it
     */
    record Assignment(Ticket ticket, String worker, ActorRef<Placement.Command> reportTo) {}

    private final Assignment assignment;
    private final Pace pace;
    private final TimerScheduler<Command> timers;
    /** Written by the actor, read by the device thread. */
    private final AtomicBoolean cancelled = new AtomicBoolean();

    private Progress latest;
    /** Whether {@code latest} has not been passed on. */
    private boolean news;

    private Outcome outcome;

    StageAttempt(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Assignment assignment,
            Device device,
            Pace pace) {
        super(context);
        this.assignment = assignment;
        this.pace = pace;
        this.timers = timers;
        ActorRef<Command> self = context.getSelf();
        AtomicBoolean cancelFlag = cancelled;
        Monitor monitor = new Monitor() {
            @Override
            public void progressed(Progress progress) {
                self.tell(new Progressed(progress));
            }

            @Override
            public boolean cancelled() {
                return cancelFlag.get();
            }
        };
        CompletableFuture<StageResult> work = CompletableFuture.supplyAsync(
                () -> device.runner()
                        .run(new io.blocksmith.run.Assignment(assignment.ticket(), Adjustment.NONE), monitor),
                device.thread());
        context.pipeToSelf(
                work, (result, failure) -> new Ended(failure == null ? new Outcome.Done(result) : ended(failure)));
    }

    /** An attempt that starts at once. */
    static Behavior<Command> create(Assignment assignment, Device device, Pace pace) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new StageAttempt(context, timers, assignment, device, pace)));
    }

    private Outcome ended(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof CancellationException && cancelled.get()) {
            return new Outcome.Cancelled();
        }
        if (cause instanceof BlocksmithException categorised) {
            return new Outcome.Failed(categorised.category(), categorised.getMessage());
        }
        getContext().getLog().error("{} failed unexpectedly", assignment.ticket(), cause);
        return new Outcome.Failed(Category.DEFECT, "unexpected %s; the log has the stack trace".formatted(cause));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder().onAnyMessage(this::on).build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case Cancel() -> cancelled.set(true);
            case Progressed(Progress progress) -> {
                latest = progress;
                news = true;
                if (!timers.isTimerActive(Tick.PROGRESS)) {
                    passProgressOn();
                }
            }
            case Ended(Outcome how) -> {
                outcome = how;
                timers.cancel(Tick.PROGRESS);
                if (how instanceof Outcome.Done(StageResult result)) {
                    done(assignment.ticket(), result);
                }
                report();
            }
            case Tick tick -> {
                switch (tick) {
                    case PROGRESS -> passProgressOn();
                    case REPORT -> report();
                }
            }
            case Acknowledged() -> {
                return Behaviors.stopped();
            }
        }
        return this;
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
            assignment.reportTo().tell(new Placement.Progressed(latest));
            timers.startSingleTimer(Tick.PROGRESS, Tick.PROGRESS, pace.progressEvery());
        }
    }

    private void report() {
        assignment
                .reportTo()
                .tell(new Placement.Ended(
                        assignment.ticket(),
                        assignment.worker(),
                        outcome,
                        getContext().getSelf()));
        timers.startSingleTimer(Tick.REPORT, Tick.REPORT, pace.repeatEvery());
    }
}
