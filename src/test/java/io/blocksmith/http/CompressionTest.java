package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.status.RecordedRun;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The JDK's client asks for no encoding and decodes none, so what is asked for and sent is seen here as it is. */
class CompressionTest {
    private static final String RUN = "/api/v1/runs/first";
    /** Says nothing twice. */
    private static final StreamPace QUIET =
            new StreamPace(Duration.ofMillis(100), Duration.ofHours(1), Duration.ofHours(1), Duration.ofSeconds(30));

    @TempDir
    Path folder;

    private RecordedRun run;
    private TestServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeEach
    void serve() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
        server = TestServer.over(folder, QUIET, UnaryOperator.identity());
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        run.close();
    }

    private HttpResponse<InputStream> get(String path, String encoding) throws IOException, InterruptedException {
        return client.send(
                server.request(path).header("Accept-Encoding", encoding).build(), BodyHandlers.ofInputStream());
    }

    @ParameterizedTest
    @ValueSource(strings = {RUN + "/events", "/", "/assets/page.js"})
    void whoTakesGzipGetsTheSameInFewerBytes(String path) throws IOException, InterruptedException {
        byte[] plain = server.get(path).body().getBytes(StandardCharsets.UTF_8);

        HttpResponse<InputStream> answer = get(path, "br, gzip, deflate");

        assertThat(answer.headers().firstValue("Content-Encoding")).contains("gzip");
        assertThat(answer.headers().allValues("Vary")).contains("Accept-Encoding");
        byte[] small = answer.body().readAllBytes();
        assertThat(small.length).isLessThan(plain.length / 2);
        try (InputStream stream = new GZIPInputStream(new ByteArrayInputStream(small))) {
            assertThat(stream.readAllBytes()).isEqualTo(plain);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "identity", "gzip;q=0", "gzip;q=0, *"})
    void whoTakesNoGzipGetsNone(String encoding) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = get(RUN, encoding);

        assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(answer.headers().allValues("Vary")).contains("Accept-Encoding", "Origin");
        assertThat(answer.body().readAllBytes()).startsWith('{');
    }

    @Test
    void whatIsShortStaysAsItIs() throws IOException, InterruptedException {
        assertThat(get("/health/alive", "gzip").headers().firstValue("Content-Encoding"))
                .isEmpty();
        assertThat(get(RUN + "x", "gzip").headers().firstValue("Content-Encoding"))
                .isEmpty();
    }

    @Test
    void aStreamInGzipTellsAtOnce() throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = get(RUN + "/stream", "gzip");
        assertThat(answer.headers().firstValue("Content-Encoding")).contains("gzip");
        StringBuffer told = new StringBuffer();
        Thread.ofVirtual().start(() -> read(answer.body(), told));

        // The next word would come in an hour.
        Awaited.that("the whole document is there", () -> told.toString().endsWith("\n\n"));
        assertThat(told.toString()).contains("event: status", "\"phase\":\"running\"");

        run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
        Awaited.that(
                "the change is there",
                () -> told.toString().endsWith("\n\n") && told.toString().contains("\"phase\":\"paused\""));
        answer.body().close();
    }

    private static void read(InputStream stream, StringBuffer told) {
        try (GZIPInputStream text = new GZIPInputStream(stream)) {
            byte[] bytes = new byte[1024];
            for (int read = text.read(bytes); read >= 0; read = text.read(bytes)) {
                told.append(new String(bytes, 0, read, StandardCharsets.US_ASCII));
            }
        } catch (IOException closed) {
            if (told.isEmpty()) {
                throw new UncheckedIOException(closed);
            }
        }
    }
}
