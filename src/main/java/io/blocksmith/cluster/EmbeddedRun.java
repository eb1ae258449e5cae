package io.blocksmith.cluster;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.RunOutcome;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A whole run in this JVM: supervisor and one worker in an actor system of their own, which ends with the run. */
public final class EmbeddedRun {
    /** Name of its one worker. */
    public static final String WORKER = "embedded";

    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(10);

    private final ActorSystem<RunSupervisor.Command> system;
    private final CompletableFuture<RunOutcome> outcome;

    private EmbeddedRun(ActorSystem<RunSupervisor.Command> system, CompletableFuture<RunOutcome> outcome) {
        this.system = system;
        this.outcome = outcome;
    }

    /** Starts or resumes the run that the journal of {@code settings} holds. */
    public static EmbeddedRun start(RunSupervisor.Settings settings, Device device, RunListener listener) {
        CompletableFuture<RunOutcome> ended = new CompletableFuture<>();
        ActorSystem<RunSupervisor.Command> system = ActorSystem.create(
                guardian(settings, device, listener, ended), "blocksmith", ConfigFactory.load("embedded"));
        CompletableFuture<Done> terminated = system.getWhenTerminated()
                .whenComplete((done, failure) -> ended.completeExceptionally(
                        BlocksmithException.defect("the actors stopped before the run did; the log says why")))
                .toCompletableFuture();
        // Whatever ends first ends the rest; the outcome is out when no actor is left that could still write.
        CompletableFuture<RunOutcome> afterwards =
                ended.whenComplete((how, failure) -> system.terminate()).thenCombine(terminated, (how, done) -> how);
        return new EmbeddedRun(system, afterwards);
    }

    /** Passes commands to the supervisor and dies with the first of its children, which nobody could replace here. */
    private static Behavior<RunSupervisor.Command> guardian(
            RunSupervisor.Settings settings, Device device, RunListener listener, CompletableFuture<RunOutcome> ended) {
        return Behaviors.setup(context -> {
            ActorRef<Observer.Command> observer =
                    context.spawn(Observer.create(listener, ended), "observer", DispatcherSelector.blocking());
            ActorRef<RunSupervisor.Command> supervisor =
                    context.spawn(RunSupervisor.create(settings, observer), "supervisor");
            ActorRef<WorkerNode.Command> worker =
                    context.spawn(WorkerNode.create(identity(), device, settings.pace()), "worker");
            context.watch(observer);
            context.watch(supervisor);
            context.watch(worker);
            return Behaviors.receive(RunSupervisor.Command.class)
                    .onAnyMessage(command -> {
                        supervisor.tell(command);
                        return Behaviors.same();
                    })
                    .onSignal(Terminated.class, gone -> Behaviors.stopped())
                    .build();
        });
    }

    private static WorkerNode.Identity identity() {
        // A device thread that does not come back leaves nothing to do here but to wait for it.
        return new WorkerNode.Identity(WORKER, UUID.randomUUID().toString(), "embedded", () -> {});
    }

    /**
     * Completed when the run rests and its actors are gone; exceptionally when they broke. A journal that fails is a
     * {@link RunOutcome.Broken}.
     */
    public CompletionStage<RunOutcome> outcome() {
        return outcome;
    }

    /** The run as it is now, also while a step is under way. */
    public CompletionStage<RunStatus> status() {
        return AskPattern.ask(system, RunSupervisor.GetStatus::new, ASK_TIMEOUT, system.scheduler());
    }

    /** Asks the run to rest at the end of the present step; see {@link #outcome} for when it does. */
    public void stop(String reason) {
        system.tell(new RunSupervisor.Stop(reason));
    }
}
