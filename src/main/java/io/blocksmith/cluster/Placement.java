package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Receive;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.HashMap;
import java.util.Map;

/**
 * Puts recorded attempts at a share of the run's stages on workers, and passes on what comes back. Which stages those
 * are is the only thing its two kinds differ in.
 */
abstract sealed class Placement extends AbstractBehavior<Placement.Command>
        permits SegmentSupervisor, EndToEndCoordinator {

    /** What a placement is told. */
    sealed interface Command {}

    /** Run the attempt, whose start is durable, on this worker. */
    record Place(Ticket ticket, ActorRef<WorkerNode.Command> worker) implements Command {}

    /** End the attempt at its next step; ignored when another one has taken its place. */
    record Cancel(Ticket ticket) implements Command {}

    /** From an attempt: how far it is. */
    record Progressed(Progress progress) implements Command {}

    /** From an attempt, repeated until {@code replyTo} is told that it is acknowledged. */
    record Ended(Ticket ticket, String worker, Outcome outcome, ActorRef<StageAttempt.Command> replyTo)
            implements Command {}

    private final ActorRef<RunSupervisor.Command> supervisor;
    private final Map<Stage, Place> placed = new HashMap<>();

    Placement(ActorContext<Command> context, ActorRef<RunSupervisor.Command> supervisor) {
        super(context);
        this.supervisor = supervisor;
    }

    /** Whether attempts at {@code stage} are placed here. */
    abstract boolean owns(Stage stage);

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder().onAnyMessage(this::on).build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case Place place -> {
                if (!owns(place.ticket().stage())) {
                    throw BlocksmithException.defect("%s was placed by the wrong actor", place.ticket());
                }
                placed.put(place.ticket().stage(), place);
                place.worker()
                        .tell(new WorkerNode.Start(place.ticket(), getContext().getSelf()));
            }
            case Cancel(Ticket ticket) -> {
                Place place = placed.get(ticket.stage());
                if (place != null && place.ticket().equals(ticket)) {
                    place.worker().tell(new WorkerNode.Cancel(ticket));
                }
            }
            case Progressed(Progress progress) -> supervisor.tell(new RunSupervisor.AttemptProgressed(progress));
            case Ended(Ticket ticket, String worker, Outcome outcome, ActorRef<StageAttempt.Command> replyTo) ->
                supervisor.tell(new RunSupervisor.AttemptEnded(ticket, worker, outcome, replyTo));
        }
        return this;
    }
}
