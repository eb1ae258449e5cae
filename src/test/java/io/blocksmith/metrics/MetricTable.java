package io.blocksmith.metrics;

import io.blocksmith.metrics.Dashboards.Dashboard;
import io.blocksmith.metrics.Dashboards.Panel;
import io.blocksmith.metrics.PrometheusRules.Alert;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The table of metrics in README.md, made from {@link Metric}, the dashboards and the alert rules. */
final class MetricTable {
    private MetricTable() {}

    /** A Markdown table: one line for each metric, in the order of {@link Metric}. */
    static String markdown() {
        StringBuilder table =
                new StringBuilder("| metric | type and labels | meaning | panel | what to do |\n|---|---|---|---|---|\n");
        for (Metric metric : Metric.values()) {
            table.append("| `%s` | %s: %s | %s | %s | %s |\n"
                    .formatted(
                            metric.key(),
                            metric.kind().name().toLowerCase(Locale.ROOT),
                            metric.labels().isEmpty() ? "none" : String.join(", ", metric.labels()),
                            metric.help(),
                            panels(metric),
                            whatToDo(metric)));
        }
        return table.toString();
    }

    /** Ours among the metrics that the expressions name. */
    static Set<Metric> metrics(Collection<String> expressions) {
        Set<Metric> metrics = EnumSet.noneOf(Metric.class);
        for (String expression : expressions) {
            for (String series : PromQl.metrics(expression)) {
                Metric ours = KnownMetrics.ours(series);
                if (ours != null) {
                    metrics.add(ours);
                }
            }
        }
        return metrics;
    }

    private static String panels(Metric metric) {
        List<String> panels = new ArrayList<>();
        for (Dashboard dashboard : Dashboards.all()) {
            for (Panel panel : dashboard.panels()) {
                if (metrics(panel.expressions()).contains(metric)) {
                    panels.add("%s: %s".formatted(shortTitle(dashboard), panel.title()));
                }
            }
        }
        return String.join("; ", panels);
    }

    private static String shortTitle(Dashboard dashboard) {
        return dashboard.title().replace("Blocksmith / ", "");
    }

    /** What the metric's first panel says, and the alerts that look at the metric. */
    private static String whatToDo(Metric metric) {
        StringBuilder advice = new StringBuilder(first(metric).whatToDo());
        List<String> alerts = new ArrayList<>();
        for (Alert alert : PrometheusRules.alerts()) {
            if (metrics(unfolded(alert.expression())).contains(metric)) {
                alerts.add("[%s](%s)".formatted(alert.name(), alert.runbook().replace("README.md", "")));
            }
        }
        if (!alerts.isEmpty()) {
            advice.append(alerts.size() == 1 ? " Alert: " : " Alerts: ").append(String.join(", ", alerts));
        }
        return advice.toString();
    }

    private static Panel first(Metric metric) {
        return Dashboards.all().stream()
                .flatMap(dashboard -> dashboard.panels().stream())
                .filter(panel -> metrics(panel.expressions()).contains(metric))
                .findFirst()
                .orElseThrow(() -> new AssertionError(metric.key() + " is on no panel"));
    }

    /** The expression, and those of the recordings that it uses. */
    private static List<String> unfolded(String expression) {
        Map<String, String> recordings = new HashMap<>();
        PrometheusRules.recordings().forEach(recording -> recordings.put(recording.name(), recording.expression()));
        List<String> expressions = new ArrayList<>(List.of(expression));
        for (String series : PromQl.metrics(expression)) {
            if (recordings.containsKey(series)) {
                expressions.add(recordings.get(series));
            }
        }
        return expressions;
    }
}
