package io.blocksmith.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.FreePort;
import io.blocksmith.cli.ChildRun;
import io.blocksmith.cli.TinyRun;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The live page in a real browser; screenshots are left in {@code target/page/shots}. */
class PageTest {
    private static final String TOKEN = "a-token-for-tests";

    private static Scripts scripts;

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() {
        scripts = Scripts.install();
    }

    @Test
    void scriptedRunsShowAsTheyAre() {
        scripts.run("page.test.mjs", Map.of());
    }

    /** In one process, as {@code quantize} does it: server, supervisor and worker. */
    @Test
    void aRealRunMovesAndIsSteered() {
        int port = FreePort.find();
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(6), TensorType.F32);
        List<String> quantize = tiny.quantize(
                folder.resolve("live"),
                "--set",
                "block-ap.epochs=60",
                "--set",
                "cluster.look-every=50ms",
                "--set",
                "http.port=" + port,
                "--set",
                "http.token=" + TOKEN);
        try (ChildRun child = ChildRun.start(folder.resolve("log"), quantize)) {
            // However long the browser takes to start, the run has all of its way before it.
            child.await("the run is held", () -> paused(port));
            scripts.run("live.test.mjs", Map.of("PAGE_URL", "http://127.0.0.1:" + port, "PAGE_TOKEN", TOKEN));
            assertThat(child.exitCode()).as(child.text()).isZero();
        }
    }

    /** Asks for a pause; false until a run is there to take it. */
    private static boolean paused(int port) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/api/v1/runs/live/pause".formatted(port)))
                .header("Authorization", "Bearer " + TOKEN)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.noBody())
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, BodyHandlers.discarding()).statusCode() == 202;
        } catch (IOException refused) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
