package io.blocksmith.chaos;

import io.blocksmith.FreePort;
import io.blocksmith.cli.CommandLineRun;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Coordinators and workers on loopback, each a JVM, with one place for their runs. Nodes that end are started again.
 *
 * <pre>
 * FOLDER/runs/...          the runs, unless they are elsewhere
 * FOLDER/gate/...          what nodes are held at, and their step logs
 * FOLDER/NAME.log          what a node said
 * FOLDER/cluster.conf
 * </pre>
 */
public final class TestCluster implements AutoCloseable {
    /**
     * Deaths are soon noticed, at the price of false alarms that a busy machine may raise. The lease is as delivered: a node
     * that died is started again and says so, and one that is slow to answer a new supervisor has lost nothing.
     */
    private static final Map<String, String> FAST = Map.of(
            "cluster.look-every", "200ms",
            "checkpoint.interval", "1ms",
            "patience.lease", "60s",
            "patience.lost-workers", "20",
            "patience.quarantine-faults", "1000",
            "akka.cluster.failure-detector.acceptable-heartbeat-pause", "2s",
            "akka.cluster.split-brain-resolver.stable-after", "1s",
            // The first of the seeds, started again on a busy machine, is not to found a cluster of its own.
            "akka.cluster.seed-node-timeout", "60s",
            "akka.cluster.log-info-verbose", "on");

    private static final String EXPORT = "export/";

    /** Of every node that has a host for itself. */
    private static final int PORT = 25520;

    private final Path folder;
    private final RunPlace place;
    private final Path settings;
    /** Of the runs that were looked at, by their names. */
    private final Map<String, Looked> looked = new HashMap<>();

    private final List<TestNode> coordinators = new ArrayList<>();
    private final List<TestNode> workers = new ArrayList<>();

    private record Looked(ObjectStore store, Ledger ledger) {}

    private TestCluster(Path folder, RunPlace place) {
        this.folder = folder;
        this.place = place;
        this.settings = folder.resolve("cluster.conf");
    }

    /**
     * Starts a cluster.
     *
     * @param folder for all its files
     * @param more settings over the fast ones
     */
    public static TestCluster start(Path folder, int coordinators, int workers, Map<String, String> more) {
        return start(folder, new RunPlace.Folder(folder.resolve("runs")), coordinators, workers, more);
    }

    /** The same with runs at a place of the caller's choice. */
    static TestCluster start(Path folder, RunPlace place, int coordinators, int workers, Map<String, String> more) {
        TestCluster cluster = new TestCluster(folder, place);
        List<Integer> ports =
                Stream.generate(FreePort::find).limit(coordinators).toList();
        cluster.configure(ports, more);
        for (int port : ports) {
            cluster.coordinators.add(
                    cluster.node("coordinator-" + port, "coordinator", "--port", Integer.toString(port)));
        }
        for (int i = 1; i <= workers; i++) {
            cluster.addWorker("worker-" + i);
        }
        cluster.coordinators.forEach(TestNode::start);
        cluster.workers.forEach(TestNode::start);
        return cluster;
    }

    /**
     * Starts a cluster with each node on a host of its own: first the coordinators, then the workers.
     */
    static TestCluster start(Path folder, Hosts hosts, int coordinators, int workers, Map<String, String> more) {
        TestCluster cluster = new TestCluster(folder, new RunPlace.Folder(folder.resolve("runs")));
        List<String> seeds = new ArrayList<>();
        for (int host = 0; host < coordinators; host++) {
            seeds.add("%s:%d".formatted(hosts.address(host), PORT));
        }
        cluster.write(seeds, more);
        for (int host = 0; host < coordinators + workers; host++) {
            boolean coordinates = host < coordinators;
            String name = coordinates ? "coordinator-" + host : "worker-" + (host - coordinators + 1);
            TestNode node = new TestNode(
                    name,
                    hosts.on(host),
                    List.of(
                            cluster.gate().toString(),
                            coordinates ? "coordinator" : "worker",
                            "--config",
                            cluster.settings.toString(),
                            "--set",
                            "cluster.host=" + hosts.address(host),
                            "--set",
                            "cluster.port=" + PORT,
                            "--set",
                            "cluster.worker=" + name),
                    folder.resolve(name + ".log"));
            (coordinates ? cluster.coordinators : cluster.workers).add(node);
        }
        cluster.nodes().forEach(TestNode::start);
        return cluster;
    }

    private void configure(List<Integer> ports, Map<String, String> more) {
        write(ports.stream().map("127.0.0.1:%d"::formatted).toList(), more);
    }

    private void write(List<String> seeds, Map<String, String> more) {
        List<String> lines = new ArrayList<>();
        lines.add("cluster.host = \"127.0.0.1\"");
        lines.add("cluster.seeds = [%s]"
                .formatted(String.join(
                        ", ", seeds.stream().map("\"%s\""::formatted).toList())));
        lines.add("compute { device = cpu, threads = 1 }");
        place.settings().forEach((key, value) -> lines.add(key + " = " + value));
        FAST.forEach((key, value) -> lines.add(key + " = " + value));
        more.forEach((key, value) -> lines.add(key + " = " + value));
        try {
            Files.createDirectories(runs());
            Files.createDirectories(gate());
            Files.write(settings, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another worker, not started yet. */
    public TestNode addWorker(String name) {
        TestNode worker = node(name, "worker", "--name", name);
        workers.add(worker);
        return worker;
    }

    private TestNode node(String name, String role, String option, String value) {
        return new TestNode(
                name,
                List.of(gate().toString(), role, "--config", settings.toString(), option, value),
                folder.resolve(name + ".log"));
    }

    public Path settings() {
        return settings;
    }

    public Path runs() {
        return folder.resolve("runs");
    }

    Path gate() {
        return folder.resolve("gate");
    }

    public List<TestNode> coordinators() {
        return List.copyOf(coordinators);
    }

    public List<TestNode> workers() {
        return List.copyOf(workers);
    }

    List<TestNode> nodes() {
        return Stream.concat(coordinators.stream(), workers.stream()).toList();
    }

    TestNode worker(String name) {
        return workers.stream()
                .filter(worker -> worker.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The node that is, now, the process {@code pid}. */
    Optional<TestNode> node(long pid) {
        return nodes().stream().filter(node -> node.pid() == pid).findFirst();
    }

    /** Holds the first node that passes a point of a {@link FaultGate} that matches {@code pattern}. */
    public Fault arm(String pattern) {
        return Fault.arm(gate(), pattern);
    }

    /** Holds every node that passes such a point. */
    Fault armEach(String pattern) {
        return Fault.armEach(gate(), pattern);
    }

    /** Submits a recipe that names its run. */
    public void submit(Path recipe) {
        CommandLineRun submitted = CommandLineRun.of("submit", recipe.toString(), "--config", settings.toString());
        if (submitted.exitCode() != 0) {
            throw new AssertionError(submitted.err());
        }
    }

    /** What has happened in a run so far. */
    public List<Event> events(String run) {
        return look(run).ledger().events();
    }

    public RunState state(String run) {
        return look(run).ledger().read();
    }

    /** SHA-256 of each exported file of a run, by its name below {@code export}. */
    SortedMap<String, String> exports(String run) {
        ObjectStore store = look(run).store();
        SortedMap<String, String> digests = new TreeMap<>();
        for (String name : store.list(EXPORT)) {
            digests.put(
                    name.substring(EXPORT.length()),
                    store.examine(name).orElseThrow().sha256());
        }
        return digests;
    }

    /** Of the objects of a run. */
    List<String> names(String run, String prefix) {
        return look(run).store().list(prefix);
    }

    private Looked look(String run) {
        return looked.computeIfAbsent(run, name -> {
            ObjectStore store = place.look(name);
            return new Looked(store, new Ledger(store));
        });
    }

    /** The node that supervises a run, if it still lives. */
    Optional<TestNode> supervisor(String run) {
        return events(run).stream()
                .filter(SupervisorStarted.class::isInstance)
                .map(event -> ((SupervisorStarted) event).holder())
                .reduce((_, last) -> last)
                .flatMap(holder -> node(Long.parseLong(holder.substring(holder.lastIndexOf(' ') + 1))));
    }

    /** Waits until every coordinator has a vote: before that, the loss of one more may be the loss of the majority. */
    public void awaitWhole() {
        Waits.until("all coordinators", () -> coordinators.stream().allMatch(TestNode::isUp));
    }

    /** Waits until a run has completed; any other end is an error. */
    public void awaitCompleted(String run) {
        Waits.until(run + " to complete; it is in " + folder, () -> {
            RunState state = state(run);
            if (state.phase() == Phase.STOPPED) {
                throw new AssertionError("%s stopped: %s".formatted(run, state.rest()));
            }
            return state.phase() == Phase.COMPLETED;
        });
    }

    List<StepLog.Step> steps(String run) {
        return StepLog.read(gate()).stream()
                .filter(step -> step.run().equals(run))
                .toList();
    }

    @Override
    public void close() {
        nodes().forEach(TestNode::close);
        looked.values().forEach(run -> run.store().close());
    }
}
