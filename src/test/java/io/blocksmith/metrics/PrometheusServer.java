package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.FreePort;
import io.blocksmith.chaos.Waits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A Prometheus of our own, which looks at its targets and evaluates our rules each second. */
public final class PrometheusServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Process process;
    private final Path log;
    private final int port;
    private final HttpClient client = HttpClient.newHttpClient();

    private PrometheusServer(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /**
     * Starts a server and waits until it answers.
     *
     * @param targets ports on loopback by the name of their job
     */
    public static PrometheusServer start(Path folder, Map<String, Integer> targets) {
        List<String> lines = new ArrayList<>(List.of(
                "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }",
                "rule_files:",
                "  - " + PrometheusRules.FOLDER.resolve("*-rules.yml").toAbsolutePath(),
                "scrape_configs:"));
        new TreeMap<>(targets)
                .forEach((job, port) ->
                        lines.add("  - { job_name: %s, static_configs: [{ targets: [\"127.0.0.1:%d\"] }] }"
                                .formatted(job, port)));
        int port = FreePort.find();
        Path log = folder.resolve("prometheus.log");
        try {
            Path configuration = Files.write(folder.resolve("prometheus.yml"), lines);
            Process process = new ProcessBuilder(
                            "prometheus",
                            "--config.file=" + configuration,
                            "--storage.tsdb.path=" + folder.resolve("prometheus"),
                            "--web.listen-address=127.0.0.1:" + port)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            PrometheusServer server = new PrometheusServer(process, log, port);
            Waits.until("Prometheus to be ready, see " + log, PATIENCE, server::isReady);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The figures that an expression had at some time, NaN left out: as many as there were, in no order. */
    public List<Double> figures(String expression, Instant from, Instant to) {
        JsonNode data = get(
                "query_range", Map.of("query", expression, "start", seconds(from), "end", seconds(to), "step", "0.5"));
        List<Double> figures = new ArrayList<>();
        for (JsonNode series : data.path("result")) {
            for (JsonNode sample : series.path("values")) {
                double value = Double.parseDouble(
                        sample.get(1).asText().replace("+Inf", "Infinity").replace("-Inf", "-Infinity"));
                if (!Double.isNaN(value)) {
                    figures.add(value);
                }
            }
        }
        return figures;
    }

    /** Whether the expression has a result now. */
    public boolean has(String expression) {
        return !get("query", Map.of("query", expression)).path("result").isEmpty();
    }

    /** Values that a label of a metric had. */
    public List<String> labelValues(String metric, String label, Instant from, Instant to) {
        List<String> values = new ArrayList<>();
        get("label/" + label + "/values", Map.of("match[]", metric, "start", seconds(from), "end", seconds(to)))
                .forEach(value -> values.add(value.asText()));
        return values;
    }

    /** Every rule by its name, with what went wrong at its last evaluation; empty where nothing did. */
    public Map<String, String> rules() {
        Map<String, String> errors = new TreeMap<>();
        for (JsonNode group : get("rules", Map.of()).path("groups")) {
            for (JsonNode rule : group.path("rules")) {
                errors.put(rule.path("name").asText(), rule.path("lastError").asText());
            }
        }
        return errors;
    }

    private JsonNode get(String what, Map<String, String> parameters) {
        String query = parameters.entrySet().stream()
                .map(parameter -> encoded(parameter.getKey()) + "=" + encoded(parameter.getValue()))
                .collect(Collectors.joining("&"));
        try {
            JsonNode answer =
                    JSON.readTree(ask("/api/v1/%s?%s".formatted(what, query)).body());
            assertThat(answer.path("status").asText())
                    .as("answer to %s: %s", parameters, answer)
                    .isEqualTo("success");
            return answer.path("data");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isReady() {
        assertThat(process.isAlive()).as("Prometheus lives, see %s", log).isTrue();
        try {
            return ask("/-/ready").statusCode() == 200;
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpResponse<String> ask(String path) throws IOException {
        try {
            return client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, path)))
                            .build(),
                    BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String seconds(Instant instant) {
        return "%d.%03d".formatted(instant.getEpochSecond(), instant.getNano() / 1_000_000);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
