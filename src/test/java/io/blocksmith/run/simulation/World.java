package io.blocksmith.run.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Decisions;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import io.blocksmith.simulate.VirtualTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** A run, its cluster and everything that goes wrong with them, all of it determined by one seed. */
final class World {
    private static final long DEADLINE = 5_000_000;
    private static final long REMOVED_AFTER = 18_000;
    private static final long LEASE_NOTICED = 8_000;
    /** The core looks again after ten seconds; a journal that failed may rest for a minute before that. */
    private static final long STEPS_DOWN = 75_000;

    private final long seed;
    private final Random random;
    private final VirtualTime time = new VirtualTime();
    private final Trace trace;
    private final Plan plan;
    private final Decisions decisions;
    private final Invariants invariants = new Invariants(this);
    private final StoreHealth health;
    private final SimulatedLedger ledger;
    private final SimulatedStore store;
    private final SimulatedNetwork network;
    private final StageFaults faults;
    private final Chaos chaos;
    private final SequencedMap<String, Request> requests = new LinkedHashMap<>();
    private final Map<String, SimulatedWorker> workers = new TreeMap<>();
    private final Set<SimulatedWorker> removed = new HashSet<>();
    private final Map<String, Long> cutSince = new TreeMap<>();
    private final List<SimulatedSupervisor> supervisors = new ArrayList<>();
    private final Map<SimulatedSupervisor, Set<SimulatedWorker>> lists = new LinkedHashMap<>();
    private final Map<Ticket, Long> outOfReach = new HashMap<>();
    private final Map<SimulatedSupervisor, Long> overtakenSince = new HashMap<>();
    private long leader;
    private SimulatedSupervisor author;
    private int names;
    private boolean calm;

    World(long seed, boolean traced) {
        this.seed = seed;
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 12345);
        this.trace = new Trace(traced, time);
        int blocks = 1 + random.nextInt(4);
        int segments = 1 + random.nextInt(Math.min(blocks, 3));
        this.plan = Plans.of(blocks, segments, random.nextInt(3) == 0 ? 4 : 0);
        this.decisions = new Decisions(plan, FailurePolicy.of(Plans.recipe(2, segments, 0), 3, 5));
        this.health = new StoreHealth(random);
        this.ledger = new SimulatedLedger(this);
        this.store = new SimulatedStore(plan);
        this.network = new SimulatedNetwork(time, random);
        this.faults = new StageFaults(random, plan);
        this.chaos = new Chaos(this);
    }

    /** How the run ended. */
    enum Ending {
        COMPLETED,
        GIVEN_UP
    }

    Ending run() {
        int count = 1 + random.nextInt(4);
        boolean mixed = random.nextInt(3) == 0;
        for (int i = 1; i <= count; i++) {
            startWorker("worker-" + i, mixed && i % 2 == 0 ? "gpu" : "cpu");
        }
        startSupervisor();
        time.after(2000, this::lead);
        time.after(1000, this::gossip);
        chaos.begin();
        long calmAt = 20_000L + random.nextInt(240_000);
        time.after(calmAt, this::calmDown);
        while (!isOver()) {
            time.step();
            if (time.millis() > DEADLINE) {
                throw new AssertionError("the run does not end: " + describe());
            }
        }
        return verdict();
    }

    private boolean isOver() {
        RunState truth = ledger.truth();
        return truth.phase() == Phase.COMPLETED || (calm && isGivenUp(truth));
    }

    private static boolean isGivenUp(RunState state) {
        return state.phase() == Phase.STOPPED && state.rest().orElseThrow().cause() == RestCause.FAILURE;
    }

    private Ending verdict() {
        RunState truth = ledger.truth();
        if (truth.phase() == Phase.STOPPED) {
            return Ending.GIVEN_UP;
        }
        assertThat(faults.isHopeless())
                .as("what cannot succeed does not complete")
                .isFalse();
        Map<Stage, Long> undisturbed = new LinkedHashMap<>();
        for (Stage stage : inOrder()) {
            Committed committed = (Committed) truth.stage(stage);
            long input = 7;
            for (Stage before : plan.stages()) {
                if (plan.prerequisites(stage).contains(before)) {
                    input = input * 1_000_003 + undisturbed.get(before);
                }
            }
            double factor = invariants.isHalved(stage) ? 0.5 : 1;
            long value = SimulatedStore.value(stage, factor, input);
            assertThat(committed.result().objects().getFirst().sha256())
                    .as("%s has the bytes of the undisturbed run", stage)
                    .isEqualTo(Long.toHexString(value));
            undisturbed.put(stage, value);
        }
        return Ending.COMPLETED;
    }

    /** Every stage after its prerequisites. */
    private List<Stage> inOrder() {
        List<Stage> order = new ArrayList<>();
        while (order.size() < plan.stages().size()) {
            plan.stages().stream()
                    .filter(stage -> !order.contains(stage) && order.containsAll(plan.prerequisites(stage)))
                    .forEach(order::add);
        }
        return order;
    }

    private String describe() {
        RunState truth = ledger.truth();
        return "%s %s running %s; waiting %s; supervisors %s; workers %s; requests %s; drained %s"
                .formatted(
                        truth.phase(),
                        truth.rest(),
                        truth.running(),
                        plan.ready(truth).stream().map(truth::stage).toList(),
                        supervisors,
                        workers.values(),
                        requests,
                        truth.drained());
    }

    // Processes.

    SimulatedWorker startWorker(String name, String numerics) {
        SimulatedWorker worker = new SimulatedWorker(this, name, "start-" + names++, numerics);
        workers.put(name, worker);
        trace(() -> name + " comes up");
        return worker;
    }

    void kill(SimulatedWorker worker) {
        kill(worker, 1500 + random.nextInt(20_000));
    }

    void kill(SimulatedWorker worker, int backAfter) {
        if (worker.alive()) {
            trace(() -> worker.name() + " dies");
            worker.die();
            time.after(backAfter, () -> startWorker(worker.name(), worker.numerics()));
        }
    }

    void startSupervisor() {
        String host = "supervisor-" + names++;
        trace(() -> host + " comes up");
        supervisors.add(new SimulatedSupervisor(this, host));
    }

    void kill(SimulatedSupervisor supervisor) {
        trace(() -> supervisor.host() + " dies");
        supervisor.die();
    }

    /** Sees to it that somebody leads, and plays the person who starts a stopped run again. */
    private void lead() {
        time.after(2000 + random.nextInt(3000), this::lead);
        supervisors.removeIf(supervisor -> !supervisor.active());
        lists.keySet().retainAll(supervisors);
        RunState truth = ledger.truth();
        boolean stopped = truth.phase() == Phase.STOPPED;
        boolean person = stopped && (calm ? !isGivenUp(truth) : random.nextInt(4) == 0);
        if (supervisors.isEmpty() && (person || !stopped)) {
            startSupervisor();
        }
    }

    /** Tells supervisors who can be reached, and who is gone. */
    private void gossip() {
        time.after(700 + random.nextInt(1500), this::gossip);
        for (SimulatedSupervisor supervisor : List.copyOf(supervisors)) {
            list(supervisor);
        }
        requireLeases();
        requireSteppingDown();
    }

    /** Whoever was overtaken learns of it, also while it has nothing to do. */
    private void requireSteppingDown() {
        long epoch = ledger.truth().epoch();
        for (SimulatedSupervisor supervisor : supervisors) {
            boolean overtaken =
                    supervisor.active() && supervisor.epoch() > 0 && supervisor.epoch() < epoch && health.works();
            if (!overtaken) {
                overtakenSince.remove(supervisor);
                continue;
            }
            long since = time.millis() - overtakenSince.computeIfAbsent(supervisor, _ -> time.millis());
            assertThat(since)
                    .as("%s, overtaken by epoch %d, steps down", supervisor, epoch)
                    .isLessThan(STEPS_DOWN);
        }
    }

    /** An attempt on a worker that its supervisor cannot reach is given up soon after the lease. */
    private void requireLeases() {
        RunState truth = ledger.truth();
        Set<Ticket> cut = new HashSet<>();
        for (SimulatedSupervisor supervisor : supervisors) {
            if (supervisor.active() && supervisor.epoch() == truth.epoch() && !supervisor.isBusy()) {
                truth.running().stream()
                        .filter(running -> !network.connected(supervisor.host(), running.worker()))
                        .forEach(running -> cut.add(running.ticket()));
            }
        }
        if (leader != truth.epoch()) {
            // Every supervisor waits for a lease of its own.
            leader = truth.epoch();
            outOfReach.clear();
        }
        outOfReach.keySet().retainAll(cut);
        for (Ticket ticket : cut) {
            long since = time.millis() - outOfReach.computeIfAbsent(ticket, _ -> time.millis());
            assertThat(since)
                    .as("%s, out of reach, is given up after its lease", ticket)
                    .isLessThan(SimulatedSupervisor.FLEET.lease().toMillis() + LEASE_NOTICED);
        }
    }

    void list(SimulatedSupervisor supervisor) {
        Set<SimulatedWorker> found = new LinkedHashSet<>();
        for (SimulatedWorker worker : workers.values()) {
            boolean connected = network.connected(supervisor.host(), worker.name());
            String pair = supervisor.host() + worker.incarnation();
            if (connected) {
                cutSince.remove(pair);
            } else if (chaos.removesTheCut()
                    && time.millis() - cutSince.computeIfAbsent(pair, _ -> time.millis()) > REMOVED_AFTER) {
                removed.add(worker);
            }
            if (connected && worker.isListed() && !removed.contains(worker)) {
                found.add(worker);
            }
        }
        for (SimulatedWorker known : supervisor.known()) {
            if (removed.contains(known) || (!known.alive() && network.connected(supervisor.host(), known.name()))) {
                supervisor.lose(known);
            }
        }
        if (!found.equals(lists.put(supervisor, found))) {
            supervisor.listed(found);
        }
    }

    /** Nothing breaks any more: what is broken comes back, what was asked for is taken back. */
    private void calmDown() {
        trace(() -> "calm");
        calm = true;
        chaos.cease();
        faults.cease();
        network.heal();
        network.bad(false);
        network.late(false);
        health.recovers();
        workers.values().forEach(worker -> {
            worker.slow(1);
            worker.unfit(false);
        });
        unhinder();
    }

    private void unhinder() {
        RunState truth = ledger.truth();
        truth.drained().forEach(worker -> ask(new Request.Undrain("calm", worker)));
        if (truth.phase() == Phase.PAUSED) {
            ask(new Request.Resume("calm"));
        }
        // A worker that was removed cannot come back but by a restart.
        removed.forEach(this::kill);
        time.after(20_000, this::unhinder);
    }

    void ask(Request request) {
        if (!requests.containsValue(request)) {
            requests.put("request-" + names++, request);
        }
    }

    // What the others need.

    <T> T appending(SimulatedSupervisor supervisor, Supplier<T> append) {
        author = supervisor;
        return append.get();
    }

    SimulatedSupervisor author() {
        return author;
    }

    boolean lives(String worker) {
        return workers.get(worker).alive();
    }

    String numerics(String worker) {
        return workers.get(worker).numerics();
    }

    List<SimulatedWorker> liveWorkers() {
        return workers.values().stream().filter(SimulatedWorker::alive).toList();
    }

    List<String> workerNames() {
        return List.copyOf(workers.keySet());
    }

    List<SimulatedSupervisor> liveSupervisors() {
        return supervisors.stream().filter(SimulatedSupervisor::active).toList();
    }

    void trace(Supplier<String> line) {
        trace.add(line);
    }

    String traced() {
        return trace.text();
    }

    VirtualTime time() {
        return time;
    }

    Random random() {
        return random;
    }

    Plan plan() {
        return plan;
    }

    Decisions decisions() {
        return decisions;
    }

    FailurePolicy policy() {
        return decisions.policy();
    }

    Invariants invariants() {
        return invariants;
    }

    StoreHealth health() {
        return health;
    }

    SimulatedLedger ledger() {
        return ledger;
    }

    SimulatedStore store() {
        return store;
    }

    SimulatedNetwork network() {
        return network;
    }

    StageFaults faults() {
        return faults;
    }

    SequencedMap<String, Request> requests() {
        return requests;
    }

    @Override
    public String toString() {
        return "seed " + seed;
    }
}
