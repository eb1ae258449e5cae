package io.blocksmith.cluster;

import akka.actor.typed.ActorSystem;
import akka.management.cluster.bootstrap.ClusterBootstrap;
import akka.management.javadsl.AkkaManagement;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.failure.BlocksmithException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How a node finds the cluster that it is to join. */
public sealed interface Discovery {

    /** Settings of the actor system, over the common ones. */
    Config settings(ClusterNode.Address address, String role);

    /** What has to be started with the node. */
    void begin(ActorSystem<?> system);

    /**
     * By a list that is the same on every node.
     *
     * @param addresses {@code host:port} of coordinators; the first of them founds the cluster
     */
    record Seeds(List<String> addresses) implements Discovery {
        public Seeds {
            addresses = List.copyOf(addresses);
        }

        @Override
        public Config settings(ClusterNode.Address address, String role) {
            List<String> nodes = addresses.stream()
                    .map(seed -> "akka://%s@%s".formatted(address.cluster(), seed))
                    .toList();
            return ConfigFactory.parseMap(Map.of(SEED_NODES, nodes));
        }

        /** Akka Cluster joins the seeds by itself. */
        @Override
        public void begin(ActorSystem<?> system) {}
    }

    /**
     * By asking the Kubernetes API for the pods of coordinators, and these, over HTTP on their management port, for the
     * members they know. Coordinators found a cluster when none of them knows one; a worker never does, so one that
     * sees no coordinator waits instead of being a cluster of its own.
     */
    record Kubernetes() implements Discovery {
        @Override
        public Config settings(ClusterNode.Address address, String role) {
            if (address.akka().hasPath(SEED_NODES)
                    && !address.akka().getList(SEED_NODES).isEmpty()) {
                throw BlocksmithException.user(
                        "%s is set and cluster.discovery is kubernetes: a node that follows both can found a second"
                                + " cluster; remove one of them",
                        SEED_NODES);
            }
            Map<String, Object> ours = new HashMap<>();
            ours.put("akka.management.http.hostname", address.host());
            ours.put("akka.management.cluster.bootstrap.new-cluster-enabled", role.equals(ClusterNode.COORDINATOR));
            return ConfigFactory.parseMap(ours).withFallback(ConfigFactory.parseResources("kubernetes.conf"));
        }

        @Override
        public void begin(ActorSystem<?> system) {
            AkkaManagement.get(system).start();
            ClusterBootstrap.get(system).start();
        }
    }

    /** Akka's own list of nodes to join. */
    String SEED_NODES = "akka.cluster.seed-nodes";
}
