package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.cluster.wire.Wire;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Puts recorded attempts at a share of the run's stages on workers: a start is sent again until the worker has answered,
 * because a message may be lost although both ends live. Which stages those are is the only thing its two kinds differ in.
 */
abstract sealed class Placement extends AbstractBehavior<Placement.Command>
        permits SegmentSupervisor, EndToEndCoordinator {

    /** What a placement is told. */
    sealed interface Command {}

    /** Run the attempt, whose start is durable, on this worker. */
    record Place(Assignment assignment, ActorRef<WorkerNode.Command> worker) implements Command {}

    /** From a worker: it has the attempt. */
    record Started(Ticket ticket) implements Command, Wire {}

    /** The attempt is over, or its worker is lost: nothing is to be sent any more. */
    record Forget(Ticket ticket) implements Command {}

    private enum Tick implements Command {
        REPEAT
    }

    private final Map<Ticket, Place> unanswered = new HashMap<>();

    Placement(ActorContext<Command> context, TimerScheduler<Command> timers, Duration repeatEvery) {
        super(context);
        timers.startTimerWithFixedDelay(Tick.REPEAT, Tick.REPEAT, repeatEvery);
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
                Ticket ticket = place.assignment().ticket();
                if (!owns(ticket.stage())) {
                    throw BlocksmithException.defect("%s was placed by the wrong actor", ticket);
                }
                unanswered.put(ticket, place);
                send(place);
            }
            case Started(Ticket ticket) -> unanswered.remove(ticket);
            case Forget(Ticket ticket) -> unanswered.remove(ticket);
            case Tick _ -> unanswered.values().forEach(this::send);
        }
        return this;
    }

    private void send(Place place) {
        place.worker()
                .tell(new WorkerNode.Start(place.assignment(), getContext().getSelf()));
    }
}
