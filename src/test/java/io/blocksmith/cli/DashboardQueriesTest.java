package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.metrics.Dashboards;
import io.blocksmith.metrics.Dashboards.Dashboard;
import io.blocksmith.metrics.PrometheusServer;
import io.blocksmith.metrics.ToolRun;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
        int embedded = PrometheusServer.freePort();
        int coordinator = PrometheusServer.freePort();
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
        int port = PrometheusServer.freePort();
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
        List<String> command = tiny.quantize(
                out,
                "--evaluation",
                // So long that figures of the first evaluation are seen before the run ends.
                longText().toString(),
                "--set",
                "evaluation.context=16",
                "--set",
                "block-ap.epochs=24",
                "--set",
                "end-to-end.epochs=8",
                "--set",
                "checkpoint.interval=500ms",
                "--set",
                "metrics.port=" + metrics);
        try (ChildRun first = ChildRun.start(folder.resolve("first.log"), command)) {
            first.await("block 0 to be committed", () -> state(out).isCommitted(new TrainBlock(0)));
            steer("pause", out);
            first.await(
                    "the pause to be seen",
                    () -> prometheus.has("blocksmith_run_rest_info{reason=\"requested\"} == 1"));
            steer("resume", out);
            first.await(
                    "a checkpoint of block 1",
                    () -> state(out).stage(new TrainBlock(1)) instanceof Running
                            && prometheus.has("rate(blocksmith_checkpoint_seconds_count[3s]) > 0"));
        }
        try (ChildRun second = ChildRun.start(folder.resolve("second.log"), command)) {
            assertThat(second.exitCode()).as(second.text()).isZero();
        }
    }

    private static Path longText() {
        return write(
                "evaluation.ids",
                new Random(6)
                        .ints(60_000, 0, TinyModel.config(3).vocabulary())
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" ")));
    }

    private static Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RunState state(Path out) {
        return new Ledger(DirectoryStore.open(out)).read();
    }

    private static void steer(String request, Path out) {
        CommandLineRun asked = CommandLineRun.of(request, out.toString());
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

    /** As Grafana fills its variables in: the only run, all nodes, and four times the interval of looks for both windows. */
    private static String filled(String expression) {
        String filled = expression
                .replace("$run", "watched")
                .replace("$node", ".*")
                .replace("$__rate_interval", "2s")
                .replace("$window", "2s");
        assertThat(filled).doesNotContain("$");
        return filled;
    }
}
