package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * The one actor of a cluster that gives runs a supervisor, one run after the other; a cluster singleton. It has no state
 * of its own: wherever it starts, the catalog tells it where things stand.
 */
public final class RunQueue extends AbstractBehavior<RunQueue.Command> {
    /** How long a run that could not be supervised is left alone. */
    private static final Duration LEFT_ALONE = Duration.ofSeconds(30);

    /** What the queue is told. */
    public sealed interface Command {}

    /** Give the run back and stop: the singleton moves to another node. */
    public record HandOver() implements Command {}

    private record Found(List<String> waiting) implements Command {}

    private record Opened(String run, RunCatalog.Opened opened) implements Command {}

    private record NotOpened(String run, Throwable cause) implements Command {}

    private record Over(String run, Optional<RunOutcome> outcome) implements Command {}

    private enum Tick implements Command {
        LOOK
    }

    private final RunCatalog catalog;
    private final Executor files;
    private final LongSupplier nanoTime;
    private final Map<String, Duration> leftAloneUntil = new HashMap<>();
    private boolean looking;
    private Optional<String> current = Optional.empty();
    private Optional<Supervised> supervision = Optional.empty();

    private record Supervised(ActorRef<RunSupervisor.Command> supervisor, ActorRef<Observer.Command> observer) {}

    private RunQueue(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            RunCatalog catalog,
            Duration lookEvery,
            LongSupplier nanoTime) {
        super(context);
        // By default it is that of whoever asks first, which is Akka itself when a timer does.
        context.setLoggerName(RunQueue.class);
        this.catalog = catalog;
        this.nanoTime = nanoTime;
        this.files = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        timers.startTimerWithFixedDelay(Tick.LOOK, Tick.LOOK, Duration.ZERO, lookEvery);
    }

    /**
     * A queue over {@code catalog}.
     *
     * @param nanoTime measures durations
     */
    public static Behavior<Command> create(RunCatalog catalog, Duration lookEvery, LongSupplier nanoTime) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new RunQueue(context, timers, catalog, lookEvery, nanoTime)));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onAnyMessage(this::on)
                .onSignal(ChildFailed.class, failed -> {
                    getContext().getLog().error("the supervisor of {} broke", current.orElse("?"), failed.getCause());
                    return over(current.orElseThrow(), Optional.empty());
                })
                .onSignal(Terminated.class, _ -> this)
                .onSignal(PostStop.class, _ -> {
                    current.ifPresent(catalog::close);
                    return this;
                })
                .build();
    }

    private Behavior<Command> on(Command command) {
        return switch (command) {
            case HandOver() -> Behaviors.stopped();
            case Tick _ -> {
                look();
                yield this;
            }
            case Found(List<String> waiting) -> {
                looking = false;
                take(waiting);
                yield this;
            }
            case Opened(String run, RunCatalog.Opened opened) -> {
                supervise(run, opened);
                yield this;
            }
            case NotOpened(String run, Throwable cause) -> {
                getContext().getLog().error("{} cannot be supervised: {}", run, cause.getMessage());
                yield over(run, Optional.empty());
            }
            case Over(String run, Optional<RunOutcome> outcome) -> over(run, outcome);
        };
    }

    private void look() {
        if (current.isEmpty() && !looking) {
            // A store that does not answer takes longer than the time to the next look.
            looking = true;
            getContext().pipeToSelf(CompletableFuture.supplyAsync(catalog::waiting, files), (waiting, failure) -> {
                if (failure != null) {
                    getContext().getSystem().log().warn("cannot look for runs: {}", RunSupervisor.words(failure));
                    return new Found(List.of());
                }
                return new Found(waiting);
            });
        }
    }

    private Duration now() {
        return Duration.ofNanos(nanoTime.getAsLong());
    }

    private void take(List<String> waiting) {
        if (current.isPresent()) {
            return;
        }
        leftAloneUntil.values().removeIf(until -> until.compareTo(now()) <= 0);
        current =
                waiting.stream().filter(run -> !leftAloneUntil.containsKey(run)).findFirst();
        current.ifPresent(run -> getContext()
                .pipeToSelf(
                        CompletableFuture.supplyAsync(() -> catalog.open(run), files),
                        (opened, failure) -> failure == null
                                ? new Opened(run, opened)
                                : new NotOpened(run, failure.getCause() == null ? failure : failure.getCause())));
    }

    private void supervise(String run, RunCatalog.Opened opened) {
        CompletableFuture<RunOutcome> outcome = new CompletableFuture<>();
        ActorRef<Observer.Command> observer =
                getContext().spawnAnonymous(Observer.create(opened.listener(), outcome), DispatcherSelector.blocking());
        ActorRef<RunSupervisor.Command> actor =
                getContext().spawnAnonymous(RunSupervisor.create(opened.settings(), observer));
        getContext().watch(actor);
        supervision = Optional.of(new Supervised(actor, observer));
        getContext().pipeToSelf(outcome, (how, _) -> new Over(run, Optional.ofNullable(how)));
    }

    private Behavior<Command> over(String run, Optional<RunOutcome> outcome) {
        if (current.isEmpty() || !current.get().equals(run)) {
            return this;
        }
        outcome.ifPresent(how -> getContext().getLog().info("{}: {}", run, words(how)));
        boolean rests = outcome.isPresent()
                && (outcome.get() instanceof RunOutcome.Completed || outcome.get() instanceof RunOutcome.Stopped);
        if (!rests) {
            leftAloneUntil.put(run, now().plus(LEFT_ALONE));
        }
        supervision.ifPresent(over -> {
            getContext().stop(over.supervisor());
            // That of a supervisor that broke still lives, and would tell of a run that is another's by then.
            getContext().stop(over.observer());
        });
        supervision = Optional.empty();
        current = Optional.empty();
        catalog.close(run);
        return this;
    }

    private static String words(RunOutcome outcome) {
        return switch (outcome) {
            case RunOutcome.Completed _ -> "completed";
            case RunOutcome.Stopped(RunState state) ->
                "at rest: " + state.rest().map(RunState.Rest::reason).orElse("");
            case RunOutcome.Fenced(String holder, long epoch) ->
                "taken over by %s in epoch %d".formatted(holder, epoch);
            case RunOutcome.Broken(Throwable cause) -> "cannot go on: " + cause.getMessage();
        };
    }
}
