package io.blocksmith.cluster;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import akka.cluster.typed.Cluster;
import io.blocksmith.cluster.wire.Wire;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One device: makes itself known through the receptionist and runs the attempts it is given, each in an actor of its own.
 * It outlives supervisors: whoever says {@link Hello} last is told of everything from then on.
 */
public final class WorkerNode extends AbstractBehavior<WorkerNode.Command> {
    /** Under which supervisors find workers. */
    static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "blocksmith-workers");

    private static final int REMEMBERED = 1000;

    /** What a worker is told. */
    public sealed interface Command {}

    /**
     * From a run's supervisor: who it is. Answered with {@link RunSupervisor.WorkerJoined}; an older epoch is ignored.
     *
     * @param number rises with each greeting of a supervisor
     */
    record Hello(String run, long epoch, long number, ActorRef<RunSupervisor.Command> supervisor)
            implements Command, Wire {}

    /** Run this attempt; a repetition changes nothing. Answered with {@link Placement.Started}. */
    record Start(Assignment assignment, ActorRef<Placement.Command> replyTo) implements Command, Wire {}

    /** End this attempt at its next step; answered with {@link RunSupervisor.AttemptEnded} also when it is not here. */
    record Cancel(Ticket ticket) implements Command, Wire {}

    /** The outcome of this attempt is durable, or of no interest any more. */
    record Acknowledged(Ticket ticket) implements Command, Wire {}

    /** Share this attempt, which another worker leads. */
    record Assist(Assignment assignment) implements Command, Wire {}

    /** The shared attempt is over. */
    record EndAssist(Ticket ticket) implements Command, Wire {}

    /**
     * This incarnation was held for ended: come again under another. What it runs is lost to the supervisor and ends; a
     * word for an earlier incarnation changes nothing.
     */
    record ComeAnew(String incarnation) implements Command, Wire {}

    /** Save what runs, report it, take nothing more; answered when that is done. */
    public record Leave(ActorRef<Done> replyTo) implements Command {}

    /** From an attempt of this worker: how far it is. */
    record AttemptProgressed(Progress progress) implements Command {}

    /** From an attempt of this worker, repeated until {@link Acknowledged}. */
    record AttemptEnded(Ticket ticket, Outcome outcome) implements Command {}

    /** From an attempt of this worker: it was cancelled long ago and its step does not end. */
    record AttemptStuck(Ticket ticket) implements Command {}

    /** From a helper of this worker. */
    record AssistEnded(Ticket ticket) implements Command {}

    /**
     * Who a worker is.
     *
     * @param name unique among the workers, the same again after a restart
     * @param incarnation differs after each start
     * @param version of the software, for people
     * @param onStuck called when the device thread does not come back: the process should end, to be started anew
     */
    public record Identity(String name, String incarnation, String version, Runnable onStuck) {}

    private record Supervisor(long epoch, long greeting, ActorRef<RunSupervisor.Command> actor) {}

    private record Help(Ticket ticket, ActorRef<Assistant.Command> actor) {}

    private final Identity identity;
    private final Device device;
    private final Pace pace;
    /** The unique part of this node's address in the cluster; 0 where there is none. */
    private final long node;
    /** How often this process had to come anew. */
    private int renewals;

    private final Map<String, Supervisor> supervisors = new HashMap<>();
    private final Map<Ticket, ActorRef<StageAttempt.Command>> attempts = new HashMap<>();
    /** Attempts that are over: a late repetition of their start must not run them again. */
    private final Map<Ticket, Boolean> finished = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Ticket, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    private Optional<Help> help = Optional.empty();
    private boolean isLeaving;
    private final List<ActorRef<Done>> waiting = new ArrayList<>();

    private WorkerNode(ActorContext<Command> context, Identity identity, Device device, Pace pace) {
        super(context);
        // By default it is that of whoever asks first, which is Akka itself when a timer does.
        context.setLoggerName(WorkerNode.class);
        this.identity = identity;
        this.device = device;
        this.pace = pace;
        this.node = context.getSystem().address().hasGlobalScope()
                ? Cluster.get(context.getSystem()).selfMember().uniqueAddress().longUid()
                : 0;
    }

    /** A worker that can be found at once. */
    public static Behavior<Command> create(Identity identity, Device device, Pace pace) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            return new WorkerNode(context, identity, device, pace);
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
                .onSignal(Terminated.class, this::ended)
                .build();
    }

    private Behavior<Command> ended(Terminated child) {
        attempts.entrySet().removeIf(entry -> {
            boolean over = entry.getValue().path().equals(child.getRef().path());
            if (over) {
                finished.put(entry.getKey(), true);
            }
            return over;
        });
        return leftIfIdle();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case Hello hello -> greet(hello);
            case Start(Assignment assignment, ActorRef<Placement.Command> replyTo) -> start(assignment, replyTo);
            case Cancel(Ticket ticket) -> cancel(ticket);
            case Acknowledged(Ticket ticket) -> {
                toAttempt(ticket, new StageAttempt.Acknowledged());
                // It is over from now on, not only when its actor has stopped: what the supervisor wants next may have
                // come with this message, and a worker that looks busy would let a call for help pass.
                if (attempts.remove(ticket) != null) {
                    finished.put(ticket, true);
                }
                return leftIfIdle();
            }
            case Assist(Assignment assignment) -> assist(assignment);
            case EndAssist(Ticket ticket) -> {
                if (help.isPresent() && help.get().ticket().equals(ticket)) {
                    help.get().actor().tell(new Assistant.Cancel());
                } else {
                    tell(ticket, new RunSupervisor.AssistEnded(ticket, identity.name()));
                }
            }
            case Leave(ActorRef<Done> replyTo) -> {
                isLeaving = true;
                getContext()
                        .getSystem()
                        .receptionist()
                        .tell(Receptionist.deregister(KEY, getContext().getSelf()));
                supervisors.values().forEach(this::sayGoodbye);
                waiting.add(replyTo);
                attempts.values().forEach(attempt -> attempt.tell(new StageAttempt.Cancel()));
                help.ifPresent(shared -> shared.actor().tell(new Assistant.Cancel()));
                return leftIfIdle();
            }
            case AttemptProgressed(Progress progress) ->
                tell(progress.ticket(), new RunSupervisor.AttemptProgressed(progress));
            case AttemptEnded(Ticket ticket, Outcome outcome) -> {
                Supervisor known = supervisors.get(ticket.run());
                if (isLeaving && known != null) {
                    // Repeated with the report, because the first one may have got lost.
                    sayGoodbye(known);
                }
                tell(
                        ticket,
                        new RunSupervisor.AttemptEnded(
                                ticket, identity.name(), outcome, getContext().getSelf()));
            }
            case ComeAnew(String incarnation) -> comeAnew(incarnation);
            case AttemptStuck(Ticket ticket) -> {
                getContext().getLog().error("{} was cancelled and does not end; this worker gives itself up", ticket);
                identity.onStuck().run();
            }
            case AssistEnded(Ticket ticket) -> {
                help = help.filter(shared -> !shared.ticket().equals(ticket));
                tell(ticket, new RunSupervisor.AssistEnded(ticket, identity.name()));
                return leftIfIdle();
            }
        }
        return this;
    }

    private void greet(Hello hello) {
        Supervisor known = supervisors.get(hello.run());
        if (known != null && known.epoch() > hello.epoch()) {
            getContext().getLog().warn("ignoring a supervisor of {} from epoch {}", hello.run(), hello.epoch());
            return;
        }
        // A greeting may come late: the number says which of this worker's starts is the later one.
        long number = known != null && known.epoch() == hello.epoch()
                ? Math.max(known.greeting(), hello.number())
                : hello.number();
        Supervisor greeted = new Supervisor(hello.epoch(), number, hello.supervisor());
        supervisors.put(hello.run(), greeted);
        if (isLeaving) {
            sayGoodbye(greeted);
            return;
        }
        hello.supervisor()
                .tell(new RunSupervisor.WorkerJoined(
                        registration(greeted), node, getContext().getSelf()));
    }

    private Registration registration(Supervisor to) {
        return new Registration(
                identity.name(),
                incarnation(),
                device.numerics(),
                identity.version(),
                attempts.keySet(),
                help.map(Help::ticket),
                to.greeting());
    }

    private String incarnation() {
        return renewals == 0 ? identity.incarnation() : identity.incarnation() + "+" + renewals;
    }

    private void sayGoodbye(Supervisor supervisor) {
        supervisor
                .actor()
                .tell(new RunSupervisor.WorkerLeaves(
                        registration(supervisor), getContext().getSelf()));
    }

    private void comeAnew(String incarnation) {
        if (isLeaving || !incarnation.equals(incarnation())) {
            return;
        }
        renewals++;
        getContext().getLog().warn("a supervisor held this worker for gone; it comes again as {}", incarnation());
        attempts.values().forEach(attempt -> attempt.tell(new StageAttempt.Cancel()));
        help.ifPresent(shared -> shared.actor().tell(new Assistant.Cancel()));
    }

    private void tell(Ticket ticket, RunSupervisor.Command report) {
        Supervisor supervisor = supervisors.get(ticket.run());
        if (supervisor != null) {
            supervisor.actor().tell(report);
        }
    }

    private void start(Assignment assignment, ActorRef<Placement.Command> replyTo) {
        Ticket ticket = assignment.ticket();
        replyTo.tell(new Placement.Started(ticket));
        Supervisor known = supervisors.get(ticket.run());
        // A supervisor of an older epoch is over, and the present one has been told that the attempt is not here.
        boolean late = known != null && ticket.epoch() < known.epoch();
        if (attempts.containsKey(ticket) || finished.containsKey(ticket) || late) {
            return;
        }
        if (isLeaving) {
            // It will not be run here. Should this be lost, so is the worker, which says the same.
            tell(
                    ticket,
                    new RunSupervisor.AttemptEnded(
                            ticket,
                            identity.name(),
                            new Outcome.Cancelled(Evidence.NONE),
                            getContext().getSelf()));
            return;
        }
        // Whoever gives it an attempt does not know of its help: the call came late. An attempt is worth more.
        help.ifPresent(shared -> shared.actor().tell(new Assistant.Cancel()));
        Stage stage = ticket.stage();
        ActorRef<Command> self = getContext().getSelf();
        Behavior<StageAttempt.Command> behavior =
                stage instanceof Stage.TrainBlock || stage instanceof Stage.RepairBlock
                        ? BlockTrainer.create(assignment, self, device, pace)
                        : StageAttempt.create(assignment, self, device, pace);
        ActorRef<StageAttempt.Command> attempt = getContext().spawn(behavior, childName("attempt", ticket));
        getContext().watch(attempt);
        attempts.put(ticket, attempt);
    }

    private void assist(Assignment assignment) {
        if (isLeaving || help.isPresent() || !attempts.isEmpty()) {
            return;
        }
        ActorRef<Assistant.Command> helper = getContext()
                .spawnAnonymous(Assistant.create(
                        assignment, identity.name(), getContext().getSelf(), device));
        help = Optional.of(new Help(assignment.ticket(), helper));
    }

    private void cancel(Ticket ticket) {
        if (attempts.containsKey(ticket)) {
            toAttempt(ticket, new StageAttempt.Cancel());
            return;
        }
        // Whoever asks believes that it is here; should its start still come, it comes too late.
        finished.put(ticket, true);
        tell(
                ticket,
                new RunSupervisor.AttemptEnded(
                        ticket,
                        identity.name(),
                        new Outcome.Cancelled(Evidence.NONE),
                        getContext().getSelf()));
    }

    private void toAttempt(Ticket ticket, StageAttempt.Command command) {
        ActorRef<StageAttempt.Command> attempt = attempts.get(ticket);
        if (attempt != null) {
            attempt.tell(command);
        }
    }

    /** A worker that leaves is done when every attempt has been saved, and its end made durable by a supervisor. */
    private Behavior<Command> leftIfIdle() {
        if (isLeaving && attempts.isEmpty() && help.isEmpty()) {
            waiting.forEach(replyTo -> replyTo.tell(Done.getInstance()));
            waiting.clear();
        }
        return this;
    }

    private static String childName(String kind, Ticket ticket) {
        return "%s-%s-%s-%d-epoch-%d"
                .formatted(
                        kind,
                        ticket.run().replaceAll("[^A-Za-z0-9_-]", "_"),
                        ticket.stage().key(),
                        ticket.attempt(),
                        ticket.epoch());
    }
}
