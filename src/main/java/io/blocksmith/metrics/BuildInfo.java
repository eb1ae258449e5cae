package io.blocksmith.metrics;

import io.prometheus.client.CollectorRegistry;

/** Which build a process runs. */
public final class BuildInfo {
    private BuildInfo() {}

    /**
     * Registers {@link Metric#BUILD_INFO}.
     *
     * @param role {@code coordinator}, {@code worker} or {@code embedded}
     */
    public static void register(CollectorRegistry registry, String version, String role, String node) {
        new Families(registry)
                .gauge(Metric.BUILD_INFO)
                .labels(version, role, node)
                .set(1);
    }
}
