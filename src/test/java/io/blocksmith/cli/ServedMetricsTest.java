package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.FreePort;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Progress;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The metrics of a run in one process, as a scrape finds them while it runs. */
class ServedMetricsTest {
    @TempDir
    Path folder;

    private TinyRun tiny;

    @BeforeEach
    void writeAModel() {
        tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
    }

    @Test
    void aScrapeDuringTrainingShowsTheStepAndOneAfterItNoStaleStep() throws Exception {
        int port = FreePort.find();
        Map<String, String> scrapes = new LinkedHashMap<>();

        WatchedRun.run(tiny, folder.resolve("run"), List.of("metrics.port=" + port), progress -> {
            String moment = moment(progress);
            if (!moment.isEmpty() && !scrapes.containsKey(moment)) {
                scrapes.put(moment, scrape(port));
            }
        });

        String training = scrapes.get("training");
        assertThat(value(training, "blocksmith_attempt_step", "train-block")).isEqualTo(5);
        assertThat(value(training, "blocksmith_steps_total", "train-block")).isEqualTo(5);
        assertThat(value(training, "blocksmith_attempt_steps", "train-block")).isEqualTo(24);
        assertThat(value(training, "blocksmith_train_loss", "train-block")).isPositive();
        assertThat(value(training, "blocksmith_gradient_norm", "train-block")).isPositive();
        assertThat(value(training, "blocksmith_device_peak_ratio", "train-block"))
                .isPositive();
        assertThat(training)
                .contains("blocksmith_device_peak_flops{node=\"embedded\",}")
                .contains("blocksmith_build_info{version=\"development\",role=\"embedded\",node=\"embedded\",} 1.0")
                .contains("blocksmith_checkpoint_last_success_timestamp_seconds{run=\"run\",node=\"embedded\",}");
        String evaluating = scrapes.get("evaluating");
        assertThat(value(evaluating, "blocksmith_steps_total", "train-block")).isEqualTo(2 * 24);
        assertThat(value(evaluating, "blocksmith_steps_total", "end-to-end")).isEqualTo(24);
        assertThat(evaluating)
                .doesNotContain("blocksmith_train_loss{", "blocksmith_checkpoint_last_success_timestamp_seconds{")
                .doesNotContainPattern("blocksmith_attempt_[a-z]+\\{[^}]*train-block");
        assertThatThrownBy(() -> get(port)).isInstanceOf(ConnectException.class);

        CommandLineRun again = CommandLineRun.of(
                "quantize",
                "--out",
                folder.resolve("run").toString(),
                "--set",
                "compute.threads=2",
                "--set",
                "metrics.port=" + port);
        assertThat(again.exitCode()).as("no new recipe: %s", again.err()).isZero();
    }

    /** What comes once in a run and is worth a look; empty for the rest. */
    private static String moment(Progress progress) {
        return switch (progress.phase()) {
            case "train" -> progress.step() == 5 ? "training" : "";
            case "evaluate" -> progress.ticket().stage().key().equals("evaluate-end-to-end") ? "evaluating" : "";
            default -> "";
        };
    }

    @Test
    void aPortInUseEndsTheCommandBeforeItHasDoneAnything() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CommandLineRun run =
                    tiny.run(folder.resolve("run"), "--metrics-port", Integer.toString(taken.getLocalPort()));

            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.errorLine()).contains("metrics.port = %d: cannot listen".formatted(taken.getLocalPort()));
            assertThat(Files.exists(folder.resolve("run"))).isFalse();
        }
    }

    private static double value(String scrape, String metric, String stage) {
        Matcher line = Pattern.compile(
                        "^%s\\{run=\"run\",node=\"embedded\",stage=\"%s\",\\} (.*)$".formatted(metric, stage),
                        Pattern.MULTILINE)
                .matcher(scrape);
        assertThat(line.find()).as("%s of %s in %s", metric, stage, scrape).isTrue();
        return Double.parseDouble(line.group(1));
    }

    private static String scrape(int port) {
        try {
            return get(port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String get(int port) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI address = URI.create("http://127.0.0.1:%d/metrics".formatted(port));
            return client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }
}
