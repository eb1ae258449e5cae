package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.util.HashMap;
import java.util.Map;

/** One device: makes itself known to the supervisor and runs the attempts it is given, each in an actor of its own. */
public final class WorkerNode extends AbstractBehavior<WorkerNode.Command> {

    /** What a worker is told. */
    public sealed interface Command {}

    /** Run this attempt and report to {@code reportTo}; a repetition changes nothing. */
    record Start(Ticket ticket, ActorRef<Placement.Command> reportTo) implements Command {}

    /** End this attempt at its next step; ignored when it is over. */
    record Cancel(Ticket ticket) implements Command {}

    private final String name;
    private final Device device;
    private final Pace pace;
    private final Map<Ticket, ActorRef<StageAttempt.Command>> attempts = new HashMap<>();

    private WorkerNode(ActorContext<Command> context, String name, Device device, Pace pace) {
        super(context);
        this.name = name;
        this.device = device;
        this.pace = pace;
    }

    /**
     * A worker that registers at once.
     *
     * @param name unique among the workers of the run
     */
    public static Behavior<Command> create(
            String name, Device device, Pace pace, ActorRef<RunSupervisor.Command> supervisor) {
        return Behaviors.setup(context -> {
            supervisor.tell(new RunSupervisor.RegisterWorker(name, context.getSelf()));
            return new WorkerNode(context, name, device, pace);
        });
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onAnyMessage(this::on)
                // An attempt stops by itself only after its outcome is durable. One that breaks takes this worker with
                // it, which is how the supervisor hears that the attempt is lost.
                .onSignal(ChildFailed.class, failed -> {
                    throw new IllegalStateException("attempt " + failed.getRef() + " broke", failed.getCause());
                })
                .onSignal(Terminated.class, ended -> {
                    attempts.values()
                            .removeIf(attempt ->
                                    attempt.path().equals(ended.getRef().path()));
                    return this;
                })
                .build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case Start(Ticket ticket, ActorRef<Placement.Command> reportTo) ->
                attempts.computeIfAbsent(ticket, started -> start(started, reportTo));
            case Cancel(Ticket ticket) -> {
                ActorRef<StageAttempt.Command> attempt = attempts.get(ticket);
                if (attempt != null) {
                    attempt.tell(new StageAttempt.Cancel());
                }
            }
        }
        return this;
    }

    private ActorRef<StageAttempt.Command> start(Ticket ticket, ActorRef<Placement.Command> reportTo) {
        StageAttempt.Assignment assignment = new StageAttempt.Assignment(ticket, name, reportTo);
        Stage stage = ticket.stage();
        Behavior<StageAttempt.Command> behavior = stage instanceof TrainBlock || stage instanceof RepairBlock
                ? BlockTrainer.create(assignment, device, pace)
                : StageAttempt.create(assignment, device, pace);
        String childName = "%s-attempt-%d-epoch-%d".formatted(stage.key(), ticket.attempt(), ticket.epoch());
        ActorRef<StageAttempt.Command> attempt = getContext().spawn(behavior, childName);
        getContext().watch(attempt);
        return attempt;
    }
}
