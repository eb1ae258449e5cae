package io.blocksmith.metrics;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Gauge;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The members of the cluster, as this node sees them. */
public final class ClusterMetrics {
    private final Gauge members;
    private final Gauge unreachable;
    /** Every role and status that was ever seen: one without members is 0 from then on. */
    private final Set<List<String>> seen = new HashSet<>(Set.of(List.of("coordinator", "up"), List.of("worker", "up")));

    public ClusterMetrics(CollectorRegistry registry) {
        Families families = new Families(registry);
        members = families.gauge(Metric.CLUSTER_MEMBERS);
        unreachable = families.gauge(Metric.CLUSTER_UNREACHABLE_MEMBERS);
    }

    /**
     * What a look has found.
     *
     * @param counts members by role and status, in this order
     */
    public void looked(Map<List<String>, Integer> counts, int membersOutOfReach) {
        seen.addAll(counts.keySet());
        for (List<String> group : seen) {
            members.labels(group.get(0), group.get(1)).set(counts.getOrDefault(group, 0));
        }
        unreachable.set(membersOutOfReach);
    }
}
