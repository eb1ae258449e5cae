package io.blocksmith.simulate;

import io.blocksmith.run.Decisions;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** One run on one simulated cluster, from its submission to its end. Not for use by several threads. */
public final class Simulation {
    /** Nobody waits longer. */
    private static final double LONGEST_SECONDS = 10 * 365.25 * 24 * 3600;

    private final StageCosts costs;
    private final SimulatedCluster cluster;
    private final Decisions decisions;
    private final Fleet.Limits limits;
    private final Failures failures;
    private final VirtualTime time = new VirtualTime();
    private final Tally tally = new Tally();
    private final List<Node> nodes;
    private final List<Event> events = new ArrayList<>();
    private final Map<Stage, Durable> durable = new HashMap<>();
    private RunState state = RunState.empty();
    private Optional<Coordinator> coordinator = Optional.empty();

    /** A run that has not begun; {@code failures} is used up by it. */
    public Simulation(
            StageCosts costs, SimulatedCluster cluster, FailurePolicy policy, Fleet.Limits limits, Failures failures) {
        this.costs = costs;
        this.cluster = cluster;
        this.decisions = new Decisions(costs.plan(), policy);
        this.limits = limits;
        this.failures = failures;
        this.nodes = IntStream.range(0, cluster.nodes())
                .mapToObj(index -> new Node(this, index))
                .toList();
    }

    /** Plays the run to its end. */
    public RunFigures run() {
        supervise();
        nodes.forEach(Node::rise);
        while (!isOver() && time.hasNextUntil(LONGEST_SECONDS)) {
            time.step();
        }
        nodes.forEach(Node::settle);
        double endToEndBegan = firstStart(new EndToEnd());
        return tally.figures(
                state.phase() == RunState.Phase.COMPLETED,
                ending(),
                time.seconds(),
                IntStream.range(0, costs.plan().segments().blocks())
                        .mapToDouble(block -> commit(costs.plan().finalStage(block)))
                        .reduce(0, Math::max),
                commit(new EndToEnd()) - endToEndBegan,
                cluster.nodes());
    }

    private double firstStart(Stage stage) {
        return events.stream()
                .filter(event -> event instanceof StageStarted started
                        && started.ticket().stage().equals(stage))
                .mapToDouble(Simulation::seconds)
                .findFirst()
                .orElse(Double.NaN);
    }

    private double commit(Stage stage) {
        return events.stream()
                .filter(event -> event instanceof StageCommitted committed
                        && committed.ticket().stage().equals(stage))
                .mapToDouble(Simulation::seconds)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static double seconds(Event event) {
        return Duration.between(Instant.EPOCH, event.at()).toNanos() / 1e9;
    }

    private String ending() {
        return switch (events.getLast()) {
            case RunCompleted _ -> "completed";
            case RunStopped stopped -> "stopped: " + stopped.reason();
            default -> "given up: nothing can happen any more, or not within ten years";
        };
    }

    private void supervise() {
        Coordinator next = new Coordinator(this, nodes);
        coordinator = Optional.of(next);
        next.begin();
        time.afterSeconds(failures.coordinator(), () -> {
            tally.supervisorFailed();
            next.die();
            coordinator = Optional.empty();
            time.afterSeconds(cluster.takeoverSeconds(), this::supervise);
        });
    }

    /** What was recorded, oldest first. */
    public List<Event> events() {
        return List.copyOf(events);
    }

    void record(Event event, RunState after) {
        state = after;
        events.add(event);
    }

    boolean isOver() {
        return state.phase() == RunState.Phase.COMPLETED || state.phase() == RunState.Phase.STOPPED;
    }

    RunState state() {
        return state;
    }

    /** The present moment, by the clock of a ledger that begins with the Unix epoch. */
    Instant at() {
        return Instant.EPOCH.plus(time.now());
    }

    Optional<Coordinator> coordinator() {
        return coordinator;
    }

    /** Sends to whoever supervises when the message arrives; nobody hears it otherwise. */
    void tell(Consumer<Coordinator> message) {
        time.afterSeconds(0, () -> coordinator.ifPresent(message));
    }

    /** The attempt of {@code ticket}, if it is under way. */
    Optional<Attempt> attempt(Ticket ticket) {
        return nodes.stream().flatMap(node -> node.leads(ticket).stream()).findFirst();
    }

    /** What the store holds of a stage that is under way. */
    Durable durable(Stage stage) {
        return durable.computeIfAbsent(stage, _ -> new Durable());
    }

    StageCosts costs() {
        return costs;
    }

    SimulatedCluster cluster() {
        return cluster;
    }

    Decisions decisions() {
        return decisions;
    }

    Fleet.Limits limits() {
        return limits;
    }

    Failures failures() {
        return failures;
    }

    VirtualTime time() {
        return time;
    }

    Tally tally() {
        return tally;
    }
}
