package io.blocksmith.metrics;

import io.blocksmith.failure.BlocksmithException;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;

/** Makes the families of a registry as {@link Metric} describes them. */
final class Families {
    private final CollectorRegistry registry;

    Families(CollectorRegistry registry) {
        this.registry = registry;
    }

    Gauge gauge(Metric metric) {
        require(metric, Metric.Kind.GAUGE);
        return Gauge.build(metric.key(), metric.help())
                .labelNames(labels(metric))
                .register(registry);
    }

    Counter counter(Metric metric) {
        require(metric, Metric.Kind.COUNTER);
        return Counter.build(metric.key(), metric.help())
                .labelNames(labels(metric))
                .register(registry);
    }

    /**
     * A histogram.
     *
     * @param buckets upper bounds, ascending
     */
    Histogram histogram(Metric metric, double... buckets) {
        require(metric, Metric.Kind.HISTOGRAM);
        return Histogram.build(metric.key(), metric.help())
                .labelNames(labels(metric))
                .buckets(buckets)
                .register(registry);
    }

    private static String[] labels(Metric metric) {
        return metric.labels().toArray(String[]::new);
    }

    private static void require(Metric metric, Metric.Kind kind) {
        if (metric.kind() != kind) {
            throw BlocksmithException.defect("%s is a %s, not a %s", metric.key(), metric.kind(), kind);
        }
    }
}
