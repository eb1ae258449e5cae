package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.hotspot.DefaultExports;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Every name of a series that there can be, with its labels: ours, those of the JVM, and Prometheus' own {@code up}. */
final class KnownMetrics {
    private static final Map<String, Set<String>> LABELS = new HashMap<>();
    /** Given by whoever looks; {@code namespace} on Kubernetes only. */
    private static final Set<String> OF_THE_TARGET = Set.of("job", "instance", "namespace");

    static {
        for (Metric metric : Metric.values()) {
            switch (metric.kind()) {
                case GAUGE, COUNTER -> LABELS.put(metric.key(), Set.copyOf(metric.labels()));
                case HISTOGRAM -> {
                    Set<String> buckets = new TreeSet<>(metric.labels());
                    buckets.add("le");
                    LABELS.put(metric.key() + "_bucket", buckets);
                    LABELS.put(metric.key() + "_sum", Set.copyOf(metric.labels()));
                    LABELS.put(metric.key() + "_count", Set.copyOf(metric.labels()));
                }
            }
        }
        CollectorRegistry registry = new CollectorRegistry();
        DefaultExports.register(registry);
        for (Collector.MetricFamilySamples family : Collections.list(registry.metricFamilySamples())) {
            family.samples.forEach(sample -> LABELS.put(sample.name, Set.copyOf(sample.labelNames)));
        }
        LABELS.put("up", Set.of());
    }

    private KnownMetrics() {}

    /**
     * Fails when the expression names a metric that does not exist, or a label that none of its metrics has.
     *
     * @param recorded labels of the series that recording rules make
     */
    static void assertExist(String expression, Map<String, Set<String>> recorded) {
        Set<String> labels = new TreeSet<>(OF_THE_TARGET);
        Set<String> metrics = PromQl.metrics(expression);
        assertThat(metrics).as("metrics of %s", expression).isNotEmpty();
        for (String metric : metrics) {
            assertThat(LABELS.containsKey(metric) || recorded.containsKey(metric))
                    .as("%s exists; it is used in %s", metric, expression)
                    .isTrue();
            labels.addAll(LABELS.getOrDefault(metric, recorded.getOrDefault(metric, Set.of())));
        }
        assertThat(labels).as("labels of the metrics of %s", expression).containsAll(PromQl.labels(expression));
    }

    /** The metric of ours that the series belongs to, or null. */
    static Metric ours(String series) {
        for (Metric metric : Metric.values()) {
            if (series.equals(metric.key())
                    || (metric.kind() == Metric.Kind.HISTOGRAM
                            && series.matches(metric.key() + "_(bucket|sum|count)"))) {
                return metric;
            }
        }
        return null;
    }
}
