package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import io.blocksmith.run.Fleet;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Where a supervisor's workers are to be told things: found by the receptionist, greeted, watched. Used by its actor only. */
final class Roster {
    private final ActorContext<RunSupervisor.Command> context;
    private final Fleet fleet;
    private final Supplier<Duration> now;
    private final Map<String, ActorRef<WorkerNode.Command>> workers = new HashMap<>();
    private Set<ActorRef<WorkerNode.Command>> listed = Set.of();
    /** What workers are greeted with; empty while the run is not this supervisor's. */
    private Optional<WorkerNode.Hello> greeting = Optional.empty();

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
        greeting = Optional.of(new WorkerNode.Hello(run, epoch, context.getSelf()));
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
        greeting.ifPresent(hello -> found.forEach(worker -> worker.tell(hello)));
    }

    /** Whether its answer to a greeting has come since it was last out of reach. */
    private boolean canBeHeard(ActorRef<WorkerNode.Command> worker) {
        return fleet.reachable(now.get()).keySet().stream().anyMatch(name -> worker.equals(workers.get(name)));
    }

    /** A worker has answered. */
    void join(RunSupervisor.WorkerJoined joined) {
        Fleet.Registration registration = joined.registration();
        String name = registration.name();
        ActorRef<WorkerNode.Command> before = workers.put(name, joined.worker());
        if (!joined.worker().equals(before)) {
            context.watchWith(joined.worker(), new RunSupervisor.WorkerLost(name, joined.worker()));
            context.getLog()
                    .info("worker {} is here: {}, version {}", name, registration.numerics(), registration.version());
        }
    }

    /** The worker's actor is no more. */
    void lose(String name, ActorRef<WorkerNode.Command> worker) {
        if (workers.remove(name, worker)) {
            fleet.left(name);
            context.getLog().warn("worker {} is gone", name);
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
