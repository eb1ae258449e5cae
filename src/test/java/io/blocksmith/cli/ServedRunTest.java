package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.FreePort;
import io.blocksmith.chaos.Fault;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in one process is watched and steered over HTTP, from its start to its last word. */
class ServedRunTest {
    private static final String TOKEN = "a-token-of-the-test";

    @TempDir
    Path folder;

    private TinyRun tiny;
    private Path run;
    private int port;

    @BeforeEach
    void prepare() {
        tiny = TinyRun.in(folder, TinyModel.config(4), TensorType.F32);
        run = folder.resolve("tiny run");
        port = FreePort.find();
    }

    private String[] options() {
        return new String[] {
            "--http-port", Integer.toString(port), "--set", "http.token=" + TOKEN, "--set", "cluster.look-every=50ms"
        };
    }

    @Test
    void aRunIsWatchedToItsEndAndPausedAndResumedOnTheWay() throws IOException {
        List<String> lines = new CopyOnWriteArrayList<>();
        Path gate = Files.createDirectory(folder.resolve("gate"));
        // However fast the run is, it is there to be paused.
        Fault amidBlock = Fault.arm(gate, "step block-001 train step 3 saved .*");
        // The client is closed last: it waits for its stream, which ends with the run.
        try (HttpClient client = HttpClient.newHttpClient();
                ChildRun child = ChildRun.gated(gate, folder.resolve("log"), tiny.quantize(run, options()))) {
            child.await("the run is served", () -> status(client) == 200);
            CompletableFuture<HttpResponse<Stream<String>>> stream =
                    client.sendAsync(request("/stream").build(), BodyHandlers.ofLines());
            CompletableFuture<Void> heard =
                    stream.thenAcceptAsync(answer -> answer.body().forEach(lines::add));
            child.await("a block is done", () -> told(lines, "\"state\":\"done\""));
            child.awaitHeld(amidBlock);

            assertThat(post(client, "/pause").statusCode()).isEqualTo(202);
            child.await("the pause is told", () -> told(lines, "\"phase\":\"paused\""));
            Fault next = Fault.arm(gate, "step block-002 train step 3 saved .*");
            child.await("nothing runs", () -> last(lines).contains("\"attempts\":[]"));
            assertThat(last(lines)).contains("paused by api@");
            assertThat(post(client, "/pause").statusCode()).isEqualTo(409);

            assertThat(post(client, "/resume").statusCode()).isEqualTo(202);
            child.await("it goes on", () -> last(lines).contains("\"phase\":\"running\""));
            child.awaitHeld(next);
            next.release();

            assertThat(child.exitCode()).as(child.text()).isZero();
            heard.orTimeout(60, TimeUnit.SECONDS).join();
            JsonNode end = tree(last(lines));
            assertThat(end.get("phase").asText()).isEqualTo("completed");
            assertThat(end.get("percent").asDouble()).isEqualTo(100);
            assertThat(end.get("run").asText()).isEqualTo("tiny run");
            assertThat(end.get("events"))
                    .extracting(event -> event.get("kind").asText())
                    .contains("run-paused", "run-resumed", "run-completed");
            assertThat(child.text())
                    .contains("page and API: http://127.0.0.1:" + port)
                    .doesNotContain(TOKEN);
        }
    }

    @Test
    void aPortInUseIsOneErrorBeforeAnyWork() throws IOException {
        try (ServerSocket other = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            CommandLineRun result = tiny.run(run, options());

            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.errorLine())
                    .contains("http.port = " + port, "cannot listen at 127.0.0.1:" + port, "choose another port");
            assertThat(result.err().lines()).hasSize(1);
            assertThat(other.isBound()).isTrue();
            assertThat(run).doesNotExist();
        }
    }

    @Test
    void anAddressBeyondLoopbackWithoutATokenIsOneErrorBeforeAnyWork() {
        CommandLineRun result = tiny.run(run, "--http-port", Integer.toString(port), "--set", "http.host=0.0.0.0");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.errorLine()).contains("http.host = 0.0.0.0", "http.token");
        assertThat(run).doesNotExist();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/api/v1/runs/tiny%%20run%s".formatted(port, path)))
                .timeout(Duration.ofSeconds(60));
    }

    private int status(HttpClient client) {
        try {
            return client.send(request("").build(), BodyHandlers.discarding()).statusCode();
        } catch (ConnectException notYet) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private HttpResponse<Void> post(HttpClient client, String path) {
        try {
            return client.send(
                    request(path)
                            .header("Authorization", "Bearer " + TOKEN)
                            .POST(BodyPublishers.noBody())
                            .build(),
                    BodyHandlers.discarding());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static boolean told(List<String> lines, String text) {
        return lines.stream().anyMatch(line -> line.startsWith("data: ") && line.contains(text));
    }

    private static String last(List<String> lines) {
        return lines.stream().filter(line -> line.startsWith("data: ")).reduce("", (first, second) -> second);
    }

    private static JsonNode tree(String data) {
        try {
            return Json.MAPPER.readTree(data.substring("data: ".length()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
