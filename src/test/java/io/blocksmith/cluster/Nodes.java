package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.Address;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.ClusterEvent;
import akka.cluster.ClusterEvent.MemberEvent;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.JoinSeedNodes;
import akka.cluster.typed.Subscribe;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Nodes of a cluster, all in this JVM: actor systems on loopback with ports that the system gives them. */
final class Nodes implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration CLOSING = Duration.ofSeconds(12);

    /** A node with this layer ends by itself when nobody lets it in. */
    static final Config GIVES_UP = ConfigFactory.parseString("""
        akka.cluster.seed-node-timeout = 1s
        akka.cluster.shutdown-after-unsuccessful-join-seed-nodes = 4s
        """);

    private final Set<ActorSystem<MemberEvent>> systems = ConcurrentHashMap.newKeySet();
    private final Map<ActorSystem<MemberEvent>, Set<Address>> everSeen = new ConcurrentHashMap<>();

    /** A node that has joined nothing yet; {@code layers} lie on top of {@code cluster.conf}, the first uppermost. */
    ActorSystem<MemberEvent> start(Config... layers) {
        Config config = ConfigFactory.parseString("""
            akka.daemonic = on
            akka.remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
            akka.coordinated-shutdown { exit-jvm = off, run-by-jvm-shutdown-hook = off }
            akka.cluster.roles = [coordinator]
            """);
        for (Config layer : layers) {
            config = config.withFallback(layer);
        }
        config = config.withFallback(WireJoinCheck.settings())
                .withFallback(ConfigFactory.parseResources("cluster.conf"));
        Set<Address> seen = ConcurrentHashMap.newKeySet();
        ActorSystem<MemberEvent> system = ActorSystem.create(recorder(seen), "blocksmith", ConfigFactory.load(config));
        systems.add(system);
        everSeen.put(system, seen);
        return system;
    }

    private static Behavior<MemberEvent> recorder(Set<Address> seen) {
        return Behaviors.setup(context -> {
            Cluster.get(context.getSystem())
                    .subscriptions()
                    .tell(Subscribe.create(context.getSelf(), MemberEvent.class));
            return Behaviors.receiveMessage(event -> {
                seen.add(event.member().address());
                return Behaviors.same();
            });
        });
    }

    static Address address(ActorSystem<?> node) {
        return Cluster.get(node).selfMember().address();
    }

    void join(ActorSystem<?> node, ActorSystem<?> seed) {
        Cluster.get(node).manager().tell(new JoinSeedNodes(List.of(address(seed))));
    }

    /** Waits until {@code node} sees exactly these members, all of them up. */
    void awaitUp(ActorSystem<?> node, ActorSystem<?>... members) {
        Set<Address> expected = addresses(members);
        await(() -> up(node).equals(expected), () -> "members seen by %s: %s".formatted(address(node), up(node)));
    }

    static Set<Address> up(ActorSystem<?> node) {
        ClusterEvent.CurrentClusterState state = Cluster.get(node).state();
        return StreamSupport.stream(state.getMembers().spliterator(), false)
                .filter(member -> member.status().equals(MemberStatus.up()))
                .map(Member::address)
                .collect(Collectors.toSet());
    }

    static Set<Address> addresses(ActorSystem<?>... nodes) {
        return Arrays.stream(nodes).map(Nodes::address).collect(Collectors.toSet());
    }

    /** Whoever was a member for {@code node} at any time, in whatever status. */
    Set<Address> everSeen(ActorSystem<MemberEvent> node) {
        return Set.copyOf(everSeen.get(node));
    }

    /** Waits until the node has ended by itself. */
    static void awaitEnd(ActorSystem<?> node) {
        try {
            node.getWhenTerminated().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failure) {
            throw new AssertionError(node + " did not end", failure);
        }
    }

    private static void await(BooleanSupplier condition, Supplier<String> otherwise) {
        assertThat(await(condition, PATIENCE)).as(otherwise).isTrue();
    }

    private static boolean await(BooleanSupplier condition, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(20_000_000);
        }
        return true;
    }

    @Override
    public void close() {
        systems.forEach(ActorSystem::terminate);
        // Not asserted: with TLS an actor system sometimes does not end (akka-core issue 29162). A JVM of ours ends in
        // any
        // case, by exit-jvm and its time limit; here the threads are daemons.
        await(
                () -> systems.stream()
                        .allMatch(node ->
                                node.getWhenTerminated().toCompletableFuture().isDone()),
                CLOSING);
    }
}
