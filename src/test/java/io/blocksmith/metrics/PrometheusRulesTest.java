package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.metrics.PrometheusRules.Alert;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The files in {@code conf/prometheus}: promtool takes them, and they agree with our metrics and the README. */
class PrometheusRulesTest {
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern LISTING = Pattern.compile("(?ms)^```.*?^```");
    private static final Pattern NO_PART_OF_AN_ANCHOR = Pattern.compile("[^\\p{L}\\p{N} _-]");

    static List<Alert> alerts() {
        return PrometheusRules.alerts();
    }

    @Test
    void promtoolTakesConfigurationAndRules() {
        promtool(Stream.of("check", "config", "prometheus.yml"));
        promtool(Stream.of("check", "rules", "--lint=all", "recording-rules.yml", "alert-rules.yml"));
    }

    @Test
    void alertsFireAndStaySilentAsTheirTestsSay() {
        promtool(Stream.concat(
                Stream.of("test", "rules"),
                PrometheusRules.tests().stream()
                        .map(file -> PrometheusRules.FOLDER.relativize(file).toString())));
    }

    private static void promtool(Stream<String> arguments) {
        ToolRun.assumeInstalled("promtool", "rules are not checked; Debian has it in the package prometheus");
        List<String> command = new ArrayList<>(List.of("promtool"));
        arguments.forEach(command::add);
        ToolRun run = ToolRun.of(PrometheusRules.FOLDER, command);
        assertThat(run.exitCode()).as("%s said: %s", command, run.text()).isZero();
    }

    @Test
    void everyAlertFiresInATestAndStaysSilentInAnother() {
        Set<String> fire = new TreeSet<>();
        Set<String> silent = new TreeSet<>();
        for (Path file : PrometheusRules.tests()) {
            for (JsonNode test : PrometheusRules.read(file).path("tests")) {
                for (JsonNode expected : test.path("alert_rule_test")) {
                    Set<String> kind = expected.path("exp_alerts").isEmpty() ? silent : fire;
                    kind.add(expected.path("alertname").asText());
                }
            }
        }
        Set<String> alerts = alerts().stream().map(Alert::name).collect(Collectors.toCollection(TreeSet::new));
        assertThat(fire).as("alerts that fire").isEqualTo(alerts);
        assertThat(silent).as("alerts with a near miss").isEqualTo(alerts);
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void anAlertSaysWhatIsWrongAndWhereToReadWhatToDo(Alert alert) throws IOException {
        assertThat(alert.severity()).isIn("critical", "warning", "info");
        assertThat(alert.summary()).isNotEmpty().doesNotEndWith(".");
        assertThat(alert.description()).endsWith(".");
        assertThat(anchors(Files.readString(Path.of("README.md"))).contains(alert.runbook()))
                .as("README.md has the section %s", alert.runbook())
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void anAlertIsMadeOfMetricsThatExist(Alert alert) {
        KnownMetrics.assertExist(alert.expression(), PrometheusRules.recorded());
    }

    @ParameterizedTest
    @MethodSource("io.blocksmith.metrics.PrometheusRules#recordings")
    void aRecordingIsMadeOfMetricsThatExist(PrometheusRules.Recording recording) {
        KnownMetrics.assertExist(recording.expression(), PrometheusRules.recorded());
    }

    /** As GitHub makes them of headings; what looks like one in a listing is a comment. */
    private static Set<String> anchors(String markdown) {
        return HEADING.matcher(LISTING.matcher(markdown).replaceAll(""))
                .results()
                .map((MatchResult match) -> "README.md#"
                        + NO_PART_OF_AN_ANCHOR
                                .matcher(match.group(1).strip().toLowerCase(Locale.ROOT))
                                .replaceAll("")
                                .replace(' ', '-'))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
