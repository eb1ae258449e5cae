package io.blocksmith.simulate;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Step;
import io.blocksmith.run.Supervisor;
import io.blocksmith.run.Supervisor.Report;
import io.blocksmith.run.Supervisor.Submission;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The supervisor's node. Carries the core's {@link Supervisor} out as {@code cluster.RunSupervisor} does, with a journal
 * that answers at once; the other nodes are told and heard through {@link VirtualTime}, never within a call.
 */
final class Coordinator {
    private static final Duration EVER = Duration.ofSeconds(Long.MAX_VALUE);
    /** Nothing hangs here, and every node is as fast as the others. */
    private static final Watchdog.Limits PATIENT = new Watchdog.Limits(EVER, EVER, 1, EVER, 0);

    private final Simulation simulation;
    private final Fleet fleet;
    private final Supervisor supervisor;
    private final List<Node> nodes;
    private final Map<String, Node> known = new HashMap<>();
    /** Incarnations of the nodes as they introduced themselves. */
    private final Map<String, Integer> incarnations = new HashMap<>();

    private boolean alive = true;

    Coordinator(Simulation simulation, List<Node> nodes) {
        this.simulation = simulation;
        this.nodes = nodes;
        this.fleet = new Fleet(simulation.limits(), now());
        this.supervisor = new Supervisor(
                simulation.decisions(),
                new Submission("simulated", "simulated"),
                "simulated",
                fleet,
                new Watchdog(PATIENT),
                new Troubles());
    }

    private Duration now() {
        return simulation.time().now();
    }

    /** Takes the run over and hears of every node that is up. */
    void begin() {
        advance();
    }

    void die() {
        alive = false;
    }

    /** No message comes when a lease or a quarantine ends. */
    private void lookAfter(double seconds) {
        simulation.time().afterSeconds(seconds, this::advance);
    }

    void joined(Node node, Fleet.Registration registration) {
        known.put(node.name(), node);
        incarnations.put(node.name(), node.incarnation());
        supervisor.joined(registration, now());
        advance();
    }

    void left(Node node, int incarnation) {
        if (known.containsKey(node.name()) && incarnations.get(node.name()) == incarnation) {
            known.remove(node.name());
            fleet.left(node.name(), Integer.toString(incarnation));
            advance();
        }
    }

    void progressed(Progress progress) {
        // Nothing that could be decided depends on it.
        supervisor.progressed(progress, now());
    }

    void ended(Ticket ticket, Node node, Outcome outcome) {
        supervisor.reported(
                new Report(ticket, node.name(), outcome, () -> tell(node, reported -> reported.acknowledged(ticket))));
        advance();
    }

    void assistEnded(Ticket ticket, Node node) {
        fleet.endedAssist(node.name(), ticket);
        advance();
    }

    private void advance() {
        boolean answered = alive;
        while (answered) {
            answered = false;
            for (Step step : supervisor.next(now(), simulation.at())) {
                answered |= carryOut(step);
            }
        }
    }

    /** Whether the journal has answered, so that there may be more to do. */
    private boolean carryOut(Step step) {
        switch (step) {
            case Step.ReadJournal() -> {
                supervisor.read(simulation.state(), new LinkedHashMap<>(), now());
                return true;
            }
            case Step.Append(Event event) -> {
                supervisor.appended(new Appended.Durable(), now());
                simulation.record(event, supervisor.state());
                recorded(event);
                return true;
            }
            case Step.Place(Assignment assignment, String worker) -> tell(worker, node -> node.start(assignment));
            case Step.Tell(CancelAttempt(Ticket ticket, String worker)) -> tell(worker, node -> node.cancel(ticket));
            case Step.Tell(Assist(Assignment assignment, String worker)) ->
                tell(worker, node -> node.assist(assignment.ticket()));
            case Step.Tell(EndAssist(Ticket ticket, String worker)) -> tell(worker, node -> node.endAssist(ticket));
            case Step.Acknowledge(Report report, boolean _) ->
                report.acknowledge().run();
            case Step.Forget _, Step.End _ -> {}
            case Step.ReadJournalLater _, Step.FoundDurable _, Step.Fulfil _ -> throw unforeseen(step);
        }
        return false;
    }

    private void recorded(Event event) {
        switch (event) {
            case SupervisorStarted _ -> {
                nodes.stream().filter(Node::isUp).forEach(Node::introduce);
                // What ran on nodes that were lost meanwhile is given up when their lease is over.
                lookAfter(simulation.limits().lease().toNanos() / 1e9);
            }
            case StageFailed _ -> lookAfter(simulation.limits().window().toNanos() / 1e9 + 1);
            case RunSubmitted _, StageStarted _, StageCommitted _, StageCancelled _, RunCompleted _, RunStopped _ -> {}
            case StageDamaged _, StageReset _, RunPaused _, RunResumed _, WorkerDrained _, WorkerReturned _ ->
                throw unforeseen(event);
        }
    }

    private static BlocksmithException unforeseen(Object what) {
        return BlocksmithException.defect("nothing in this model leads to %s", what);
    }

    private void tell(String worker, Consumer<Node> message) {
        tell(known.get(worker), message);
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
