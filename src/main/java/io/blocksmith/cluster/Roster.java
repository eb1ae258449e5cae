package io.blocksmith.cluster;

import akka.actor.Address;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.UniqueAddress;
import akka.cluster.typed.Cluster;
import io.blocksmith.run.Fleet;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Where a supervisor's workers are to be told things: found by the receptionist, greeted, watched. Used by its actor only. */
final class Roster {
    private record Name(String run, long epoch) {}

    private static final Set<MemberStatus> HERE = Set.of(MemberStatus.weaklyUp(), MemberStatus.up());

    private final ActorContext<RunSupervisor.Command> context;
    private final Fleet fleet;
    private final Supplier<Duration> now;
    private final Map<String, ActorRef<WorkerNode.Command>> workers = new HashMap<>();
    /** As what the workers that are watched introduced themselves. */
    private final Map<ActorRef<WorkerNode.Command>, Fleet.Registration> watches = new HashMap<>();
    /** Incarnations that were told of in the log. */
    private final Set<String> refused = new HashSet<>();

    private Set<ActorRef<WorkerNode.Command>> listed = Set.of();
    /** In whose name workers are greeted; empty while the run is not this supervisor's. */
    private Optional<Name> greeting = Optional.empty();

    /** Counts the rounds of greetings. */
    private long round;

    /**
     * Makes a roster without workers.
     *
     * @param fleet is told who left and cannot be reached
     */
    Roster(ActorContext<RunSupervisor.Command> context, Fleet fleet, Supplier<Duration> now) {
        this.context = context;
        this.fleet = fleet;
        this.now = now;
    }

    /** From now on workers are greeted, in the name of {@code run} and {@code epoch}. */
    void listen(String run, long epoch) {
        greeting = Optional.of(new Name(run, epoch));
    }

    /** From now on no worker is greeted. */
    void fallSilent() {
        greeting = Optional.empty();
    }

    /** The receptionist knows these workers now. */
    void listed(Set<ActorRef<WorkerNode.Command>> found) {
        for (Map.Entry<String, ActorRef<WorkerNode.Command>> known : workers.entrySet()) {
            if (!found.contains(known.getValue())) {
                fleet.unreachable(known.getKey(), now.get());
            }
        }
        // One that was out of reach tells what has become of its attempts meanwhile.
        List<ActorRef<WorkerNode.Command>> appeared =
                found.stream().filter(worker -> !listed.contains(worker)).toList();
        listed = found;
        greet(appeared);
    }

    /** Greets again whoever has not answered: greeting or answer may have got lost. */
    void greetSilent() {
        greet(listed.stream().filter(worker -> !canBeHeard(worker)).toList());
    }

    private void greet(Collection<ActorRef<WorkerNode.Command>> found) {
        round++;
        greeting.ifPresent(name -> found.forEach(
                worker -> worker.tell(new WorkerNode.Hello(name.run(), name.epoch(), round, context.getSelf()))));
    }

    /** Whether its answer to a greeting has come since it was last out of reach. */
    private boolean canBeHeard(ActorRef<WorkerNode.Command> worker) {
        return fleet.reachable(now.get()).keySet().stream().anyMatch(name -> worker.equals(workers.get(name)));
    }

    /**
     * Whether the worker can be found, and its node is up in the cluster, as this node sees it. One that the receptionist
     * lists no more has left or is out of reach, and nobody would say so again after a late word of it. A process that has just come back has the
     * address of one that the cluster is about to remove, and a watch on it would end together with that one.
     */
    boolean isMember(RunSupervisor.WorkerJoined joined) {
        if (!listed.contains(joined.worker())) {
            return false;
        }
        Address address = joined.worker().path().address();
        if (address.hasLocalScope()) {
            return true;
        }
        UniqueAddress node = new UniqueAddress(address, joined.node());
        for (Member member : Cluster.get(context.getSystem()).state().getMembers()) {
            if (member.uniqueAddress().equals(node) && HERE.contains(member.status())) {
                return true;
            }
        }
        return false;
    }

    /** The worker may be told things: one that has answered a greeting, or that wants to be heard until it has left. */
    void admit(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker) {
        String name = registration.name();
        ActorRef<WorkerNode.Command> before = workers.put(name, worker);
        Fleet.Registration watched = watches.put(worker, registration);
        if (watched != null && !watched.incarnation().equals(registration.incarnation())) {
            context.unwatch(worker);
        }
        if (watched == null || !watched.incarnation().equals(registration.incarnation())) {
            context.watchWith(worker, new RunSupervisor.WorkerLost(registration, worker));
            context.getLog()
                    .info("worker {} is here: {}, version {}", name, registration.numerics(), registration.version());
        }
        if (before != null && !before.equals(worker)) {
            context.unwatch(before);
            watches.remove(before);
        }
    }

    /** The worker has answered under an incarnation that is over. */
    void refuse(RunSupervisor.WorkerJoined joined) {
        Fleet.Registration registration = joined.registration();
        if (fleet.mayComeAnew(registration)) {
            context.getLog()
                    .warn(
                            "worker {} was held for gone and has answered; it is asked to come again",
                            registration.name());
            joined.worker().tell(new WorkerNode.ComeAnew(registration.incarnation()));
        } else if (refused.add(registration.incarnation())) {
            context.getLog()
                    .warn(
                            "worker {} is over as it was ({}), and gets nothing: late words of one that has ended, or"
                                    + " two workers of one name",
                            registration.name(),
                            registration.incarnation());
        }
    }

    /** The worker's actor is no more. */
    void lose(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker) {
        watches.remove(worker);
        context.unwatch(worker);
        fleet.left(registration.name(), registration.incarnation());
        if (workers.remove(registration.name(), worker)) {
            context.getLog().warn("worker {} is gone", registration.name());
        }
    }

    /** The worker of this name, if it is here. */
    Optional<ActorRef<WorkerNode.Command>> find(String name) {
        return Optional.ofNullable(workers.get(name));
    }

    /** Tells the worker, if it is here. */
    void tell(String name, WorkerNode.Command command) {
        find(name).ifPresent(worker -> worker.tell(command));
    }
}
