package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.RequestBox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Who may see and change what. */
class AccessTest {
    private static final String RUN = "/api/v1/runs/first";
    private static final String PAUSE = RUN + "/pause";

    @TempDir
    Path folder;

    private RecordedRun run;

    @BeforeEach
    void record() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
    }

    @AfterEach
    void close() {
        run.close();
    }

    @Test
    void onLoopbackEverybodyMayLookAndOnlyTheTokenMayChange() {
        try (TestServer server = TestServer.over(folder)) {
            assertThat(server.get(RUN).statusCode()).isEqualTo(200);

            HttpResponse<String> without = server.send(server.request(PAUSE).POST(BodyPublishers.noBody()));
            assertThat(without.statusCode()).isEqualTo(401);
            assertThat(without.headers().firstValue("WWW-Authenticate")).contains("Bearer");
            assertThat(posted(server, "Bearer wrong").statusCode()).isEqualTo(401);
            assertThat(posted(server, "Bearer " + TestServer.TOKEN + "x").statusCode())
                    .isEqualTo(401);
            assertThat(posted(server, "Basic " + TestServer.TOKEN).statusCode()).isEqualTo(401);
            assertThat(posted(server, "Bearer").statusCode()).isEqualTo(401);
            assertThat(pending()).isZero();

            assertThat(posted(server, "Bearer " + TestServer.TOKEN).statusCode())
                    .isEqualTo(202);
            assertThat(pending()).isEqualTo(1);
        }
    }

    @Test
    void withoutATokenNothingCanBeChangedWhateverIsSent() {
        try (TestServer server = TestServer.over(folder, TestServer.settings("127.0.0.1", ""))) {
            HttpResponse<String> refused = posted(server, "Bearer ");

            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(refused.body()).contains("http.token", "BLOCKSMITH_HTTP_TOKEN");
            assertThat(posted(server, "Bearer " + TestServer.TOKEN).statusCode())
                    .isEqualTo(403);
            assertThat(pending()).isZero();
            assertThat(TestServer.json(server.get("/api/v1/cluster"))
                            .get("can-change")
                            .asBoolean())
                    .isFalse();
        }
    }

    @Test
    void beyondLoopbackReadsNeedTheTokenTooButHealthAndPageDoNot() {
        try (TestServer server = TestServer.over(folder, TestServer.settings("0.0.0.0", TestServer.TOKEN))) {
            for (String path : List.of("/api/v1/runs", RUN, RUN + "/stream", "/api/v1/cluster", "/api/v1/none")) {
                assertThat(server.get(path).statusCode()).as(path).isEqualTo(401);
                HttpResponse<String> headers =
                        server.send(server.request(path).method("HEAD", BodyPublishers.noBody()));
                assertThat(headers.statusCode()).as("HEAD " + path).isEqualTo(401);
                HttpResponse<String> wrong = server.send(server.request(path).header("Authorization", "Bearer no"));
                assertThat(wrong.statusCode()).as(path).isEqualTo(401);
            }
            HttpResponse<String> right =
                    server.send(server.request(RUN).header("Authorization", "Bearer " + TestServer.TOKEN));
            assertThat(right.statusCode()).isEqualTo(200);
            for (String path : List.of("/", "/health/alive", "/health/ready")) {
                assertThat(server.get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void listeningBeyondLoopbackWithoutATokenIsRefused() {
        assertThatThrownBy(() -> TestServer.settings("0.0.0.0", ""))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("http.host = 0.0.0.0")
                .hasMessageContaining("http.token");
    }

    @Test
    void beyondLoopbackATokenIsTooLongToBeGuessed() {
        assertThatThrownBy(() -> TestServer.settings("0.0.0.0", "fifteen-letters"))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("http.token: expected at least 16 characters")
                .hasMessageNotContaining("fifteen-letters");
        assertThat(TestServer.settings("127.0.0.1", "short").canChange()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"two words", "abc123\n", "snö"})
    void aTokenThatNoHeaderCanCarryIsRefusedAndNotShown(String token) {
        assertThatThrownBy(() -> TestServer.settings("127.0.0.1", token))
                .hasMessageContaining("http.token")
                .hasMessageNotContaining(token.strip());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "node-2:8081",
                "http://node-2:8081/api",
                "ftp://node-2",
                "http://a@node-2",
                "'none'; script-src *"
            })
    void peersAreAddressesAndNothingElse(String peer) {
        assertThatThrownBy(() -> TestServer.settings("127.0.0.1", "", peer))
                .hasMessageContaining("http.peers: " + peer);
    }

    @Test
    void onLoopbackAnotherNameIsRefused() throws IOException {
        try (TestServer server = TestServer.over(folder)) {
            for (String host :
                    List.of("evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example")) {
                assertThat(statusLine(server, host)).as(host).contains(" 403 ");
            }
            for (String host : List.of("localhost", "127.0.0.1", "[::1]", "localhost:" + server.port())) {
                assertThat(statusLine(server, host)).as(host).contains(" 200 ");
            }
        }
    }

    /** By hand, because no client sends another name than that of the address. */
    private static String statusLine(TestServer server, String host) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write("GET /api/v1/runs HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                            .formatted(host)
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse("(nothing)");
        }
    }

    @Test
    void pagesOfPeersMayUseTheApiAndOthersNot() {
        ApiSettings settings = TestServer.settings("127.0.0.1", TestServer.TOKEN, "http://node-2:8081/");
        try (TestServer server = TestServer.over(folder, settings)) {
            HttpResponse<String> known = preflight(server, "http://node-2:8081");
            assertThat(known.statusCode()).isEqualTo(204);
            assertThat(known.headers().firstValue("Access-Control-Allow-Origin"))
                    .contains("http://node-2:8081");
            assertThat(known.headers().firstValue("Access-Control-Allow-Headers"))
                    .hasValueSatisfying(headers -> assertThat(headers).contains("Authorization"));

            HttpResponse<String> unknown = preflight(server, "http://evil.example");
            assertThat(unknown.statusCode()).isEqualTo(403);
            assertThat(unknown.headers().firstValue("Access-Control-Allow-Origin"))
                    .isEmpty();

            HttpResponse<String> read = server.send(server.request(RUN).header("Origin", "http://node-2:8081"));
            assertThat(read.headers().firstValue("Access-Control-Allow-Origin")).contains("http://node-2:8081");
            HttpResponse<String> stranger = server.send(server.request(RUN).header("Origin", "http://evil.example"));
            assertThat(stranger.headers().firstValue("Access-Control-Allow-Origin"))
                    .isEmpty();
            assertThat(stranger.headers().firstValue("Vary")).contains("Origin");
        }
    }

    @Test
    void aPageOfThisMachineMayBeOpenedUnderAnyOfItsNames() {
        String peer = "http://127.0.0.1:8081";
        try (TestServer server = TestServer.over(folder, TestServer.settings("127.0.0.1", TestServer.TOKEN, peer))) {
            for (String host : List.of("localhost", "127.0.0.1", "[::1]")) {
                assertThat(preflight(server, "http://%s:8081".formatted(host)).statusCode())
                        .as(host)
                        .isEqualTo(204);
                assertThat(preflight(server, "http://%s:%d".formatted(host, server.port()))
                                .statusCode())
                        .as("self as " + host)
                        .isEqualTo(204);
            }
            for (String stranger : List.of(
                    "http://localhost:8082", "https://localhost:8081", "http://localhost", "http://127.0.0.2:8081")) {
                assertThat(preflight(server, stranger).statusCode())
                        .as(stranger)
                        .isEqualTo(403);
            }
        }
        // From elsewhere, localhost is another machine.
        try (TestServer server = TestServer.over(folder, TestServer.settings("0.0.0.0", TestServer.TOKEN, peer))) {
            assertThat(preflight(server, peer).statusCode()).isEqualTo(204);
            assertThat(preflight(server, "http://localhost:8081").statusCode()).isEqualTo(403);
        }
    }

    private static HttpResponse<String> preflight(TestServer server, String origin) {
        return server.send(server.request(PAUSE)
                .method("OPTIONS", BodyPublishers.noBody())
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "authorization"));
    }

    @Test
    void theTokenIsInNoLogAndNoText() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Level before = root.getLevel();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        root.addAppender(log);
        root.setLevel(Level.DEBUG);
        ApiSettings settings = TestServer.settings("127.0.0.1", TestServer.TOKEN);
        try (TestServer server = TestServer.over(folder, settings)) {
            assertThat(posted(server, "Bearer " + TestServer.TOKEN).body()).doesNotContain(TestServer.TOKEN);
            assertThat(posted(server, "Basic " + TestServer.TOKEN).body()).doesNotContain(TestServer.TOKEN);
            assertThat(server.post(RUN + "/retry", "{").body()).doesNotContain(TestServer.TOKEN);
        } finally {
            root.setLevel(before);
            root.detachAppender(log);
        }
        assertThat(log.list).isNotEmpty();
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .noneMatch(message -> message.contains(TestServer.TOKEN));
        assertThat(settings.toString()).doesNotContain(TestServer.TOKEN);
    }

    private static HttpResponse<String> posted(TestServer server, String authorization) {
        return server.send(
                server.request(PAUSE).header("Authorization", authorization).POST(BodyPublishers.noBody()));
    }

    private int pending() {
        return new RequestBox(run.store(), InstantSource.system(), UUID::randomUUID)
                .pending()
                .size();
    }
}
