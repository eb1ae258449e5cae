package io.blocksmith.cluster;

import akka.Done;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.ClusterSingletonSettings;
import akka.cluster.typed.SingletonActor;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One JVM of a cluster, a coordinator or a worker. */
public final class ClusterNode {
    /** The role of nodes that may supervise, and that alone decide which side of a partition goes on. */
    public static final String COORDINATOR = "coordinator";

    public static final String WORKER = "worker";

    private static final String SINGLETON = "runs";
    private static final CoordinatedShutdown.Reason DOWNED = CoordinatedShutdown.clusterDowningReason();

    /**
     * Where a node listens and whom it joins.
     *
     * @param cluster name of the cluster: of its actor systems
     * @param host name or address that the others reach this node at
     * @param port TCP; 0 for any free one
     * @param discovery how it finds the others
     * @param plaintext whether the port may be one that anybody reaches although it is not encrypted
     * @param akka more Akka settings, over ours; encryption for instance
     */
    public record Address(String cluster, String host, int port, boolean plaintext, Discovery discovery, Config akka) {}

    private ClusterNode() {}

    /** A node that may supervise runs; one of all coordinators does. */
    public static ActorSystem<Void> coordinator(Address address, RunCatalog catalog, Pace pace) {
        Behavior<Void> guardian = Behaviors.setup(context -> {
            Behavior<RunQueue.Command> queue = Behaviors.supervise(
                            RunQueue.create(catalog, pace.lookEvery(), System::nanoTime))
                    .onFailure(
                            SupervisorStrategy.restartWithBackoff(Duration.ofSeconds(1), Duration.ofSeconds(30), 0.2));
            ClusterSingleton.get(context.getSystem())
                    .init(SingletonActor.of(queue, SINGLETON)
                            .withStopMessage(new RunQueue.HandOver())
                            .withSettings(ClusterSingletonSettings.create(context.getSystem())
                                    .withRole(COORDINATOR)));
            return Behaviors.empty();
        });
        return start(guardian, address, COORDINATOR);
    }

    /** A node with one device. */
    public static ActorSystem<WorkerNode.Command> worker(
            Address address, WorkerNode.Identity identity, Device device, Pace pace) {
        ActorSystem<WorkerNode.Command> system = start(WorkerNode.create(identity, device, pace), address, WORKER);
        Duration patience = system.settings()
                .config()
                .getDuration("akka.coordinated-shutdown.phases.before-service-unbind.timeout");
        CoordinatedShutdown.get(system)
                .addTask(CoordinatedShutdown.PhaseBeforeServiceUnbind(), "save-attempts", () -> left(system, patience));
        return system;
    }

    private static CompletionStage<Done> left(ActorSystem<WorkerNode.Command> system, Duration patience) {
        if (CoordinatedShutdown.get(system).getShutdownReason().equals(Optional.of(DOWNED))) {
            // The others have given this worker up: nobody would hear its farewell, and its work is with somebody else.
            return CompletableFuture.completedFuture(Done.getInstance());
        }
        return AskPattern.<WorkerNode.Command, Done>ask(system, WorkerNode.Leave::new, patience, system.scheduler())
                .exceptionally(failure -> {
                    system.log().warn("left without a farewell: {}", failure.toString());
                    return Done.getInstance();
                });
    }

    private static <T> ActorSystem<T> start(Behavior<T> guardian, Address address, String role) {
        Config config = config(address, role);
        PlaintextPort.requirePrivate(config, address.plaintext());
        ActorSystem<T> system = ActorSystem.create(guardian, address.cluster(), config);
        address.discovery().begin(system);
        return system;
    }

    private static Config config(Address address, String role) {
        Map<String, Object> ours = new HashMap<>();
        ours.put("akka.remote.artery.canonical.hostname", address.host());
        ours.put("akka.remote.artery.canonical.port", address.port());
        ours.put("akka.cluster.roles", List.of(role));
        return ConfigFactory.load(address.akka()
                .withFallback(address.discovery().settings(address, role))
                .withFallback(ConfigFactory.parseMap(ours))
                .withFallback(WireJoinCheck.settings())
                .withFallback(ConfigFactory.parseResources("cluster.conf")));
    }
}
