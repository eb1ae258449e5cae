package io.blocksmith.cli;

import akka.actor.typed.ActorSystem;
import io.blocksmith.cluster.ClusterNode;
import io.blocksmith.config.Settings;
import io.blocksmith.store.ObjectStore;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A node that may supervise runs. */
@Command(
        name = "coordinator",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs a coordinator of a cluster until it is stopped.",
            "Three of them bear the loss of one; they need no device and little memory."
        })
final class CoordinatorCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node = new NodeOptions();

    @Mixin
    private ApiOptions api = new ApiOptions();

    private final UnaryOperator<ObjectStore> aroundStores;

    CoordinatorCommand() {
        this(UnaryOperator.identity());
    }

    /** The command for tests that want to know what a node does with its stores. */
    CoordinatorCommand(UnaryOperator<ObjectStore> aroundStores) {
        this.aroundStores = aroundStores;
    }

    @Override
    public Integer call() {
        Settings settings = api.over(node.load(Map.of()));
        NodeApi.require(settings);
        String owner = "coordinator-%s-%d"
                .formatted(Supervision.host(), settings.cluster().port());
        try (NodeMetrics metrics = NodeMetrics.start(settings, "coordinator", owner);
                Notices notices = Notices.start(settings.webhook(), metrics::notified)) {
            ClusterRuns runs = new ClusterRuns(
                    new RunsFolder(settings, owner, aroundStores),
                    settings,
                    Supervision.here(),
                    (store, recipe) -> RunListeners.of(metrics, notices, store, recipe));
            ActorSystem<Void> system =
                    ClusterNode.coordinator(NodeOptions.address(settings), runs, Supervision.pace(settings));
            metrics.watch(system);
            NodeApi.serve(system, settings);
            system.getWhenTerminated().toCompletableFuture().join();
        }
        return 0;
    }
}
