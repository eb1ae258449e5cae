package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsServerTest {
    private static final String HOST = "127.0.0.1";

    @TempDir
    Path folder;

    @Test
    void whatIsCountedAndTheJvmAreServedAsPrometheusReadsThem() throws Exception {
        try (MetricsServer server = MetricsServer.start(HOST, 0, registry())) {
            HttpResponse<String> response = get(server.port());

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body())
                    .contains("blocksmith_build_info{version=\"1.2\",role=\"worker\",node=\"n\",} 1.0")
                    .contains("# TYPE blocksmith_steps_total counter")
                    .contains("blocksmith_steps_total{run=\"r\",node=\"n\",stage=\"train-block\",} 0.0")
                    .contains("jvm_memory_bytes_used");
        }
    }

    @Test
    void promtoolHasNothingToSayAboutTheNames() throws Exception {
        Path promtool = Stream.of(System.getenv("PATH").split(":"))
                .map(directory -> Path.of(directory, "promtool"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(promtool != null, "promtool is not installed (Debian: prometheus)");
        Path body = folder.resolve("metrics.txt");
        try (MetricsServer server = MetricsServer.start(HOST, 0, registry())) {
            Files.writeString(body, get(server.port()).body());
        }

        Process checking = new ProcessBuilder(promtool.toString(), "check", "metrics")
                .redirectInput(body.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(checking.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(checking.waitFor()).as(said).isZero();
        assertThat(said).doesNotContain("blocksmith_");
    }

    @Test
    void aPortInUseIsToldWithItsKey() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> MetricsServer.start(HOST, taken.getLocalPort(), new CollectorRegistry()))
                    .hasMessageContaining("metrics.port = " + taken.getLocalPort())
                    .hasMessageContaining("choose another port")
                    .extracting("category")
                    .isEqualTo(Category.ENVIRONMENT);
        }
    }

    private static CollectorRegistry registry() {
        CollectorRegistry registry = new CollectorRegistry();
        BuildInfo.register(registry, "1.2", "worker", "n");
        AttemptMetrics attempts = new AttemptMetrics(registry, "n", Duration.ofMinutes(2), InstantSource.system());
        attempts.measured(new Ticket("r", new Stage.TrainBlock(0), 1, 1), new Measurement.Began());
        return registry;
    }

    private static HttpResponse<String> get(int port) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI address = URI.create("http://%s:%d/metrics".formatted(HOST, port));
            return client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}
