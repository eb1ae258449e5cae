package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.metrics.Dashboards.Dashboard;
import io.blocksmith.metrics.Dashboards.Panel;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The dashboards agree with our metrics and among each other; {@code DashboardQueriesTest} asks a real Prometheus. */
class DashboardsTest {
    private static final int COLUMNS = 24;
    /** What a figure of these says stays true when its process is gone. */
    private static final Set<Metric> LASTING = EnumSet.of(
            Metric.RUN_PROGRESS_RATIO,
            Metric.RUN_BLOCKS,
            Metric.RUN_BLOCKS_DONE,
            Metric.RUN_STAGES,
            Metric.RUN_STAGES_DONE,
            Metric.RUN_SUPERVISOR_EPOCH,
            Metric.BLOCK_VALIDATION_LOSS,
            Metric.PERPLEXITY,
            Metric.RESTARTS_TOTAL,
            Metric.FAILURES_TOTAL,
            Metric.LOST_STEPS_TOTAL,
            Metric.DAMAGED_RESULTS_TOTAL);

    static List<Dashboard> dashboards() {
        return Dashboards.all();
    }

    @Test
    void thereIsOneDashboardForEachConcern() {
        assertThat(dashboards())
                .map(Dashboard::toString)
                .containsExactly("cluster.json", "learning.json", "reliability.json", "run.json", "speed.json");
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void everyQueryIsMadeOfMetricsThatExist(Dashboard dashboard) {
        for (Panel panel : dashboard.panels()) {
            assertThat(panel.expressions()).as(panel.title()).isNotEmpty();
            panel.expressions().forEach(expression -> KnownMetrics.assertExist(expression, Map.of()));
        }
        dashboard.annotations().forEach(expression -> KnownMetrics.assertExist(expression, Map.of()));
        assertThat(dashboard.variables()).isNotEmpty();
    }

    @Test
    void everyMetricIsOnAPanel() {
        Set<Metric> shown = EnumSet.noneOf(Metric.class);
        for (Dashboard dashboard : dashboards()) {
            for (Panel panel : dashboard.panels()) {
                shown.addAll(MetricTable.metrics(panel.expressions()));
            }
        }
        assertThat(shown).isEqualTo(EnumSet.allOf(Metric.class));
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void aPanelSaysWhatItShowsAndWhatToDo(Dashboard dashboard) {
        assertThat(dashboard.panels()).allSatisfy(panel -> {
            assertThat(panel.title()).isNotEmpty();
            assertThat(panel.description()).as(panel.title()).endsWith(".");
            assertThat(panel.whatToDo())
                    .as("what to do about %s", panel.title())
                    .isNotEmpty();
            assertThat(panel.json().at("/fieldConfig/defaults/unit").asText())
                    .as("unit of %s", panel.title())
                    .isNotEmpty();
        });
        assertThat(dashboard.panels()).extracting(Panel::title).doesNotHaveDuplicates();
        assertThat(dashboard.panels().getFirst().json().path("type").asText())
                .as("the first row is figures")
                .isEqualTo("stat");
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void aDashboardIsFoundAndLeadsToTheOthers(Dashboard dashboard) {
        JsonNode json = dashboard.json();
        String name = dashboard.toString().replace(".json", "");
        assertThat(json.path("uid").asText()).isEqualTo("blocksmith-" + name);
        assertThat(json.at("/tags/0").asText()).isEqualTo("blocksmith");
        assertThat(json.at("/links/0/tags/0").asText()).isEqualTo("blocksmith");
        assertThat(json.at("/templating/list/0/type").asText()).isEqualTo("datasource");
        for (Panel panel : dashboard.panels()) {
            assertThat(panel.json().at("/datasource/uid").asText())
                    .as(panel.title())
                    .isEqualTo("${datasource}");
        }
    }

    /** A state, a rate or a count of what is there: the last of them within twelve hours would be shown as the present one. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void aFigureOfThePresentIsAskedForThePresent(Dashboard dashboard) {
        for (Panel panel : dashboard.panels()) {
            if (!panel.json().path("type").asText().equals("stat")) {
                continue;
            }
            for (JsonNode target : panel.json().path("targets")) {
                Set<Metric> metrics =
                        MetricTable.metrics(List.of(target.path("expr").asText()));
                boolean lasts = !metrics.isEmpty() && LASTING.containsAll(metrics);
                assertThat(target.path("instant").asBoolean())
                        .as("%s is asked for one moment", panel.title())
                        .isEqualTo(!lasts);
                assertThat(target.path("range").asBoolean(true))
                        .as("%s is asked for a range", panel.title())
                        .isEqualTo(lasts);
            }
        }
    }

    /** While a version changes there are two for one process, and what is multiplied by them has no answer. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void whatLabelsAreTakenFromIsThereOnce(Dashboard dashboard) {
        for (Panel panel : dashboard.panels()) {
            assertThat(panel.expressions())
                    .as(panel.title())
                    .allSatisfy(expression -> assertThat(expression.replaceAll("group_left \\([^)]*\\) max by ", ""))
                            .doesNotContain("group_left"));
        }
    }

    /** Grafana would push panels about that share a place. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void noTwoPanelsShareAPlaceOrANumber(Dashboard dashboard) {
        Set<String> taken = new TreeSet<>();
        List<Integer> numbers = new ArrayList<>();
        for (JsonNode panel : dashboard.json().path("panels")) {
            numbers.add(panel.path("id").asInt());
            JsonNode place = panel.path("gridPos");
            int right = place.path("x").asInt() + place.path("w").asInt();
            assertThat(right).as(panel.path("title").asText()).isLessThanOrEqualTo(COLUMNS);
            for (int x = place.path("x").asInt(); x < right; x++) {
                for (int y = place.path("y").asInt();
                        y < place.path("y").asInt() + place.path("h").asInt();
                        y++) {
                    assertThat(taken.add(x + "," + y))
                            .as("%s, at %d, %d", panel.path("title").asText(), x, y)
                            .isTrue();
                }
            }
        }
        assertThat(numbers).doesNotHaveDuplicates();
    }
}
