package io.blocksmith.simulate;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Command;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Command.Recorded;
import io.blocksmith.run.Command.Told;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Situation;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The step of {@code cluster.RunSupervisor} over the same core, with a ledger that answers at once: take a report or else a
 * decision, append its event, tell the world. Nodes are told and heard through {@link VirtualTime}, never within a call.
 */
final class Supervisor {
    private final Simulation simulation;
    private final Fleet fleet;
    private final Watchdog watchdog = new Watchdog(Watchdog.Limits.standard());
    private final Troubles troubles = new Troubles();
    private final Map<String, Node> known = new HashMap<>();
    /** Incarnations of the nodes as they introduced themselves. */
    private final Map<String, Integer> incarnations = new HashMap<>();

    private final Deque<Report> reports = new ArrayDeque<>();
    private boolean active = true;

    private record Report(Ticket ticket, Node node, Outcome outcome) {}

    Supervisor(Simulation simulation) {
        this.simulation = simulation;
        this.fleet = new Fleet(simulation.limits(), simulation.time().now());
    }

    /** Takes the run over and hears of every node that is up. */
    void begin(List<Node> nodes) {
        append(new SupervisorStarted(simulation.at(), state().epoch() + 1, "simulated"));
        fleet.listens(simulation.time().now());
        state().running()
                .forEach(running ->
                        watchdog.began(running.ticket(), simulation.time().now()));
        nodes.stream().filter(Node::isUp).forEach(Node::introduce);
        // What ran on nodes that were lost meanwhile is given up when their lease is over.
        lookAfter(simulation.limits().lease().toNanos() / 1e9);
        advance();
    }

    void die() {
        active = false;
    }

    private RunState state() {
        return simulation.state();
    }

    /** No message comes when a lease or a quarantine ends. */
    private void lookAfter(double seconds) {
        simulation.time().afterSeconds(seconds, this::advance);
    }

    void joined(Node node, Fleet.Registration registration) {
        known.put(node.name(), node);
        incarnations.put(node.name(), node.incarnation());
        fleet.joined(registration);
        advance();
    }

    void left(Node node, int incarnation) {
        if (known.containsKey(node.name()) && incarnations.get(node.name()) == incarnation) {
            known.remove(node.name());
            fleet.left(node.name());
            advance();
        }
    }

    void progressed(Progress progress) {
        if (active && state().isRunning(progress.ticket())) {
            watchdog.progressed(progress, simulation.time().now());
        }
    }

    void ended(Ticket ticket, Node node, Outcome outcome) {
        reports.add(new Report(ticket, node, outcome));
        advance();
    }

    void assistEnded(Ticket ticket, Node node) {
        fleet.endedAssist(node.name(), ticket);
        advance();
    }

    private void advance() {
        while (active && !simulation.isOver() && step()) {
            // One event at a time, and every decision on the state after it.
        }
    }

    /** Whether an event was recorded, so that there may be more to do. */
    private boolean step() {
        for (Report report = reports.poll(); report != null; report = reports.poll()) {
            Optional<Event> event =
                    Outcome.event(state(), report.ticket(), report.node().name(), report.outcome(), simulation.at());
            event.ifPresent(this::append);
            fleet.returned(report.node().name(), report.ticket());
            Report acknowledged = report;
            tell(report.node(), node -> node.acknowledged(acknowledged.ticket()));
            if (event.isPresent()) {
                return true;
            }
        }
        for (Command decided : simulation.decisions().decide(state(), situation())) {
            switch (decided) {
                case Told told -> tell(told);
                case Recorded recorded -> {
                    append(recorded.event(simulation.at()));
                    return true;
                }
            }
        }
        return false;
    }

    /** Nothing hangs here, so nobody is asked after. */
    private Situation situation() {
        return troubles.situation(
                state(),
                fleet,
                watchdog,
                List.of(),
                Optional.empty(),
                simulation.time().now());
    }

    private void append(Event event) {
        simulation.record(event);
        switch (event) {
            case StageStarted started ->
                place((Running) state().stage(started.ticket().stage()));
            case StageCommitted committed -> {
                watchdog.ended(committed.ticket());
                troubles.committed();
            }
            case StageCancelled cancelled -> watchdog.ended(cancelled.ticket());
            case StageFailed failed -> {
                watchdog.ended(failed.ticket());
                fleet.failed(
                        failed.worker(), failed.category(), simulation.time().now());
                troubles.stageFailed(state(), failed, simulation.time().now());
                lookAfter(simulation.limits().window().toNanos() / 1e9 + 1);
            }
            case RunSubmitted _, SupervisorStarted _, RunCompleted _, RunStopped _ -> {}
            case StageDamaged _, Event.StageReset _, Event.RunPaused _, Event.RunResumed _ -> throw unforeseen(event);
            case Event.WorkerDrained _, Event.WorkerReturned _ -> throw unforeseen(event);
        }
    }

    private static BlocksmithException unforeseen(Event event) {
        return BlocksmithException.defect("nothing in this model leads to %s", event);
    }

    private void place(Running started) {
        fleet.gave(started.worker(), started.ticket());
        watchdog.began(started.ticket(), simulation.time().now());
        Assignment assignment = new Assignment(started.ticket(), started.adjustment());
        tell(known.get(started.worker()), node -> node.start(assignment));
    }

    private void tell(Told told) {
        switch (told) {
            case CancelAttempt(Ticket ticket, String worker) -> tell(known.get(worker), node -> node.cancel(ticket));
            case Assist(Assignment assignment, String worker) -> {
                fleet.assists(worker, assignment.ticket());
                tell(known.get(worker), node -> node.assist(assignment.ticket()));
            }
            case EndAssist(Ticket ticket, String worker) -> tell(known.get(worker), node -> node.endAssist(ticket));
        }
    }

    /** What is sent to a node that fails before it arrives is lost. */
    private void tell(Node node, Consumer<Node> message) {
        int incarnation = incarnations.get(node.name());
        simulation.time().afterSeconds(0, () -> {
            if (node.isUp() && node.incarnation() == incarnation) {
                message.accept(node);
            }
        });
    }
}
