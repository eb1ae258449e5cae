package io.blocksmith.cli;

import akka.actor.typed.ActorSystem;
import io.blocksmith.cluster.ClusterNode;
import io.blocksmith.cluster.Device;
import io.blocksmith.cluster.WorkerNode;
import io.blocksmith.config.Settings;
import io.blocksmith.run.StageRunner;
import io.blocksmith.stage.Runs;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.Compute;
import io.blocksmith.tensor.DeviceThread;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A node with one device. */
@Command(
        name = "worker",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs a worker of a cluster until it is stopped: one process for each device.",
            "It saves what it does when it is stopped by a signal."
        })
final class WorkerCommand implements Callable<Integer> {
    /** What a process ends with whose device does not come back; whoever watches it starts it anew. */
    private static final int STUCK = 1;

    @Mixin
    private NodeOptions node = new NodeOptions();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of this worker, the same after a restart (cluster.worker).")
    private String name;

    private final UnaryOperator<ObjectStore> aroundStores;
    private final UnaryOperator<StageRunner> aroundStages;

    WorkerCommand() {
        this(UnaryOperator.identity(), UnaryOperator.identity());
    }

    /** The command for tests that want to know what a node does with its stores and in its stages. */
    WorkerCommand(UnaryOperator<ObjectStore> aroundStores, UnaryOperator<StageRunner> aroundStages) {
        this.aroundStores = aroundStores;
        this.aroundStages = aroundStages;
    }

    @Override
    public Integer call() {
        Map<String, String> flags = new LinkedHashMap<>();
        if (name != null) {
            flags.put("cluster.worker", name);
        }
        Settings settings = node.load(flags);
        try (NodeMetrics metrics = NodeMetrics.start(settings, "worker", worker(settings));
                Compute compute = Compute.open(
                        settings.compute().device(), settings.compute().threads());
                DeviceThread thread = new DeviceThread(compute)) {
            RunsFolder folder = new RunsFolder(settings, worker(settings), aroundStores);
            Runs runs = new Runs(
                    folder::open,
                    compute,
                    settings.checkpoint().interval(),
                    metrics.attempts(compute, thread),
                    System::nanoTime,
                    InstantSource.system());
            WorkerNode.Identity identity = new WorkerNode.Identity(
                    worker(settings),
                    UUID.randomUUID().toString(),
                    version(),
                    () -> Runtime.getRuntime().halt(STUCK));
            ActorSystem<WorkerNode.Command> system = ClusterNode.worker(
                    NodeOptions.address(settings),
                    identity,
                    new Device(aroundStages.apply(runs), compute.fingerprint(), thread),
                    Supervision.pace(settings));
            metrics.watch(system);
            system.getWhenTerminated().toCompletableFuture().join();
        }
        return 0;
    }

    private static String worker(Settings settings) {
        String given = settings.cluster().worker();
        return given.equals("auto")
                ? "%s-%s".formatted(Supervision.host(), settings.compute().device())
                : given;
    }

    private static String version() {
        return Objects.requireNonNullElse(WorkerCommand.class.getPackage().getImplementationVersion(), "development");
    }
}
