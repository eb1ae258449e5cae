package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.failure.BlocksmithException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a way of discovery makes of a node's settings; BootstrapTest runs nodes with them. */
class DiscoveryTest {
    private static final String MAY_FOUND = "akka.management.cluster.bootstrap.new-cluster-enabled";

    @Test
    void seedsAreNodesOfTheSameCluster() {
        Discovery seeds = new Discovery.Seeds(List.of("a:1", "b:2"));
        assertThat(seeds.settings(address(seeds, ""), ClusterNode.WORKER).getStringList(Discovery.SEED_NODES))
                .containsExactly("akka://forge@a:1", "akka://forge@b:2");
    }

    @Test
    void onKubernetesOnlyACoordinatorMayFoundACluster() {
        Discovery kubernetes = new Discovery.Kubernetes();
        ClusterNode.Address address = address(kubernetes, "");
        assertThat(kubernetes.settings(address, ClusterNode.COORDINATOR).getBoolean(MAY_FOUND))
                .isTrue();
        assertThat(kubernetes.settings(address, ClusterNode.WORKER).getBoolean(MAY_FOUND))
                .isFalse();
    }

    @Test
    void onKubernetesTheManagementPortIsAtTheAddressOfTheNode() {
        Discovery kubernetes = new Discovery.Kubernetes();
        Config settings = kubernetes.settings(address(kubernetes, ""), ClusterNode.WORKER);
        assertThat(settings.getString("akka.management.http.hostname")).isEqualTo("10.1.2.3");
        assertThat(settings.getInt("akka.management.http.port")).isEqualTo(8558);
    }

    @Test
    void seedNodesBesideKubernetesAreRefused() {
        Discovery kubernetes = new Discovery.Kubernetes();
        ClusterNode.Address both = address(kubernetes, "akka.cluster.seed-nodes = [\"akka://forge@a:1\"]");
        assertThatThrownBy(() -> kubernetes.settings(both, ClusterNode.COORDINATOR))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("akka.cluster.seed-nodes is set and cluster.discovery is kubernetes");
    }

    private static ClusterNode.Address address(Discovery discovery, String akka) {
        return new ClusterNode.Address("forge", "10.1.2.3", 25520, false, discovery, ConfigFactory.parseString(akka));
    }
}
