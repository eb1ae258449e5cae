package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.FreePort;
import io.blocksmith.chaos.Fault;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.metrics.Dashboards;
import io.blocksmith.metrics.Dashboards.Dashboard;
import io.blocksmith.metrics.PrometheusServer;
import io.blocksmith.metrics.ToolRun;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A real Prometheus looks at a real run in one process, which is paused, resumed, killed and started again, and at a
 * coordinator beside it. Afterwards every query of the dashboards must have figures.
 */
@Timeout(600)
class DashboardQueriesTest {
    private static final Pattern LABEL_VALUES = Pattern.compile("label_values\\((\\w+), (\\w+)\\)");

    @TempDir
    static Path folder;

    private static PrometheusServer prometheus;
    private static Instant began;
    private static Instant ended;

    @BeforeAll
    static void watchARun() {
        ToolRun.assumeInstalled("prometheus", "queries of the dashboards are not tried");
        int embedded = FreePort.find();
        int coordinator = FreePort.find();
        prometheus = PrometheusServer.start(
                folder, Map.of("blocksmith-embedded", embedded, "blocksmith-coordinators", coordinator));
        began = Instant.now();
        try (ChildRun node = coordinator(coordinator)) {
            run(embedded);
            node.await("it to be a member", () -> prometheus.has("blocksmith_cluster_members > 0"));
        }
        ended = Instant.now();
    }

    /** Alone in its cluster, and with nothing to do. */
    private static ChildRun coordinator(int metrics) {
        int port = FreePort.find();
        Path settings = write("coordinator.conf", """
            cluster { port = %d, seeds = ["127.0.0.1:%d"], runs = "%s" }
            metrics.port = %d
            """.formatted(port, port, folder.resolve("runs"), metrics));
        return ChildRun.start(
                folder.resolve("coordinator.log"), List.of("coordinator", "--config", settings.toString()));
    }

    private static void run(int metrics) {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(3), TensorType.F32);
        Path out = folder.resolve("watched");
        List<String> command =
                tiny.quantize(out, "--set", "checkpoint.interval=1ms", "--set", "metrics.port=" + metrics);
        Path gate = createDirectory(folder.resolve("gate"));
        Fault first = Fault.arm(gate, "step block-000 train step 3 saved .*");
        try (ChildRun child = ChildRun.gated(gate, folder.resolve("first.log"), command)) {
            child.awaitHeld(first);
            awaitSeen(child, "blocksmith_attempt_step == 3", "blocksmith_recovery_seconds_count == 0");
            Fault second = Fault.arm(gate, "step block-001 train step 3 saved .*");
            first.release();
            child.awaitHeld(second);
            awaitSeen(
                    child,
                    "blocksmith_block_validation_loss{kind=\"final\"}",
                    "blocksmith_validation_loss / (blocksmith_reference_loss > 0)",
                    "increase(blocksmith_step_seconds_count[10m]) > 0",
                    "increase(blocksmith_checkpoint_seconds_count[10m]) > 0");
            steer("pause", out);
            awaitSeen(child, "blocksmith_run_rest_info{reason=\"requested\"} == 1");
            Fault third = Fault.arm(gate, "step block-001 train step [1-9].*");
            steer("resume", out);
            child.awaitHeld(third);
            awaitSeen(child, "blocksmith_run_eta_seconds");
        }
        Fault last = Fault.arm(gate, "step report .*");
        try (ChildRun child = ChildRun.gated(gate, folder.resolve("second.log"), command)) {
            child.awaitHeld(last);
            awaitSeen(
                    child,
                    "blocksmith_run_supervisor_epoch == 2",
                    "blocksmith_restarts_total > 0",
                    "increase(blocksmith_recovery_seconds_count[10m]) > 0",
                    "blocksmith_perplexity{subject=\"end-to-end\"}");
            last.release();
            assertThat(child.exitCode()).as(child.text()).isZero();
        }
    }

    /** The run is held or at rest meanwhile: what is to be seen stays to be seen, however seldom Prometheus looks. */
    private static void awaitSeen(ChildRun child, String... expressions) {
        for (String expression : expressions) {
            child.await(expression, () -> prometheus.has(expression));
        }
    }

    private static Path createDirectory(Path path) {
        try {
            return Files.createDirectory(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void steer(String request, Path out) {
        CommandLineRun asked = CommandLineRun.of(request, out.toString(), "--timeout", "120");
        assertThat(asked.exitCode()).as(asked.err()).isZero();
    }

    @AfterAll
    static void close() {
        if (prometheus != null) {
            prometheus.close();
        }
    }

    static List<Dashboard> dashboards() {
        return Dashboards.all();
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void everyPanelHasFigures(Dashboard dashboard) {
        List<String> empty = new ArrayList<>();
        dashboard
                .panels()
                .forEach(panel -> panel.expressions().forEach(expression -> {
                    if (prometheus.figures(filled(expression), began, ended).isEmpty()) {
                        empty.add("%s: %s".formatted(panel.title(), expression));
                    }
                }));
        assertThat(empty).as("queries of %s without figures", dashboard).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dashboards")
    void everyVariableHasValuesToChoose(Dashboard dashboard) {
        assertThat(dashboard.variables()).allSatisfy(query -> {
            Matcher matcher = LABEL_VALUES.matcher(query);
            assertThat(matcher.matches()).as(query).isTrue();
            assertThat(prometheus.labelValues(matcher.group(1), matcher.group(2), began, ended))
                    .as(query)
                    .isNotEmpty();
        });
    }

    /** The run was taken over once, and the attempt that was killed was followed by another. */
    @ParameterizedTest
    @MethodSource("dashboards")
    void marksAreMadeOfRestartsAndTakeOvers(Dashboard dashboard) {
        assertThat(dashboard.annotations())
                .hasSize(2)
                .allSatisfy(expression -> assertThat(prometheus.figures(filled(expression), began, ended))
                        .as(expression)
                        .isNotEmpty());
    }

    @Test
    void everyRuleIsEvaluatedWithoutErrors() {
        assertThat(prometheus.rules())
                .isNotEmpty()
                .allSatisfy((name, error) -> assertThat(error).as(name).isEmpty());
    }

    /** As Grafana fills its variables in: the only run, all nodes, and a span in which even a busy machine looks twice. */
    private static String filled(String expression) {
        String filled = expression
                .replace("$run", "watched")
                .replace("$node", ".*")
                .replace("$__rate_interval", "15s")
                .replace("$window", "15s");
        assertThat(filled).doesNotContain("$");
        return filled;
    }
}
