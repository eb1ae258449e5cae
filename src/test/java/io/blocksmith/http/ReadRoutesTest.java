package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be seen, from stores that somebody else writes. */
class ReadRoutesTest {
    @TempDir
    Path folder;

    private RecordedRun run;
    private TestServer server;

    @BeforeEach
    void serve() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
        server = TestServer.over(folder);
    }

    @AfterEach
    void close() {
        server.close();
        run.close();
    }

    @Test
    void allRunsAreListedAlsoOneThatCannotBeRead() throws IOException {
        run.beat(Instant.now());
        try (RecordedRun done = RecordedRun.started(folder.resolve("second"), "second")) {
            done.append(new Event.RunStopped(Histories.NOON, Event.RestCause.REQUESTED, "cancelled by ann@host"));
            Files.createDirectory(folder.resolve("third"));

            JsonNode runs = TestServer.json(server.get("/api/v1/runs")).get("runs");

            assertThat(runs).hasSize(3);
            assertThat(runs.get(0).get("run").asText()).isEqualTo("first");
            assertThat(runs.get(0).get("phase").asText()).isEqualTo("running");
            assertThat(runs.get(0).get("percent").asDouble()).isBetween(1.0, 99.0);
            assertThat(runs.get(0).get("seconds-left").asDouble()).isPositive();
            assertThat(runs.get(0).get("stale").asBoolean()).isFalse();
            assertThat(runs.get(1).get("phase").asText()).isEqualTo("stopped");
            assertThat(runs.get(1).get("stale").asBoolean()).isFalse();
            assertThat(runs.get(2).get("run").asText()).isEqualTo("third");
            assertThat(runs.get(2).get("phase").isNull()).isTrue();
        }
    }

    @Test
    void aRunWhoseStoreHangsDoesNotHoldUpTheList() {
        CountDownLatch hang = new CountDownLatch(1);
        try (RecordedRun second = RecordedRun.started(folder.resolve("second"), "second");
                TestServer hanging = TestServer.over(
                        folder,
                        StreamPace.STANDARD,
                        store -> WatchedStore.of(store, name -> {
                            if (store.where(name).contains("second")) {
                                hang.await();
                            }
                        }))) {
            assertThat(second.state().run()).isEqualTo("second");
            JsonNode runs = TestServer.json(hanging.get("/api/v1/runs")).get("runs");

            assertThat(hang.getCount()).isEqualTo(1);
            assertThat(runs.get(0).get("phase").asText()).isEqualTo("running");
            assertThat(runs.get(1).get("phase").isNull()).isTrue();
            assertThat(runs.get(1).get("stale").asBoolean()).isTrue();
            hang.countDown();
        } finally {
            hang.countDown();
        }
    }

    @Test
    void aRunThatRestsIsLookedAtNowAndThenForTheList() {
        Map<String, AtomicInteger> looks = new ConcurrentHashMap<>();
        StreamPace fast =
                new StreamPace(Duration.ofMillis(10), Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1));
        try (RecordedRun second = RecordedRun.started(folder.resolve("second"), "second");
                TestServer counting = TestServer.over(
                        folder,
                        fast,
                        store -> WatchedStore.of(store, name -> {
                            if (name.equals(RunNames.LIVE)) {
                                looks.computeIfAbsent(store.where(name), unseen -> new AtomicInteger())
                                        .incrementAndGet();
                            }
                        }))) {
            second.append(new Event.RunStopped(Histories.NOON, Event.RestCause.REQUESTED, "cancelled by ann@host"));
            Awaited.that("the run under way was looked at ten times", () -> {
                counting.get("/api/v1/runs");
                return looks.get(run.store().where(RunNames.LIVE)).get() >= 10;
            });

            assertThat(looks.get(second.store().where(RunNames.LIVE)).get()).isEqualTo(1);
            counting.get("/api/v1/runs/second");
            assertThat(looks.get(second.store().where(RunNames.LIVE)).get()).isEqualTo(2);
        }
    }

    @Test
    void aRunWhoseHeartbeatIsOldIsStale() {
        run.beat(Instant.now().minusSeconds(60));

        JsonNode row = TestServer.json(server.get("/api/v1/runs")).get("runs").get(0);

        assertThat(row.get("stale").asBoolean()).isTrue();
        assertThat(row.get("seconds-left").isNull()).isTrue();
    }

    @Test
    void aRunIsToldOnlyWhenMoreThanTheTimeHasChanged() {
        HttpResponse<String> first = server.get("/api/v1/runs/first");
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(TestServer.json(first).get("run").asText()).isEqualTo("first");
        assertThat(first.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(first.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(first.headers().firstValue("Server")).contains("blocksmith");
        String tag = first.headers().firstValue("ETag").orElseThrow();

        Awaited.that("a later look says the same", () -> {
            HttpResponse<String> again = server.get("/api/v1/runs/first");
            return !now(again).equals(now(first))
                    && again.headers().firstValue("ETag").orElseThrow().equals(tag);
        });
        HttpResponse<String> same =
                server.send(server.request("/api/v1/runs/first").header("If-None-Match", tag));
        assertThat(same.statusCode()).isEqualTo(304);
        assertThat(same.body()).isEmpty();

        run.beat(Instant.now());
        Awaited.that(
                "the change is seen",
                () -> server.send(server.request("/api/v1/runs/first").header("If-None-Match", tag))
                                .statusCode()
                        == 200);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRunThatWasDeletedAndSubmittedAnewIsTheNewOne(boolean longer) throws IOException {
        Path anew = folder.resolve("second");
        try (RecordedRun before = RecordedRun.started(anew, "second")) {
            before.append(new Event.WorkerDrained(Histories.NOON, "worker-1", "drained by ann@host"));
            Awaited.that(
                    "the run is known", () -> server.get("/api/v1/runs/second").statusCode() == 200);
        }
        Files.move(anew, anew.resolveSibling("deleted"));

        try (RecordedRun after = RecordedRun.started(anew, "second")) {
            if (longer) {
                after.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
                after.append(new Event.RunResumed(Histories.NOON, "resumed by ann@host"));
            }
            Awaited.that("the new run is seen", () -> {
                HttpResponse<String> answer = server.get("/api/v1/runs/second");
                return answer.statusCode() == 200
                        && TestServer.json(answer).get("drained").isEmpty();
            });
            assertThat(TestServer.json(server.get("/api/v1/runs/second/events")).get("events"))
                    .hasSize(longer ? 4 : 2);
        }
    }

    private static String now(HttpResponse<String> answer) {
        return TestServer.json(answer).get("now").asText();
    }

    @Test
    void eventsAreToldFromWhereTheReaderStopped() {
        JsonNode all = TestServer.json(server.get("/api/v1/runs/first/events")).get("events");
        JsonNode later = TestServer.json(server.get("/api/v1/runs/first/events?after=" + (all.size() - 2)))
                .get("events");

        assertThat(all.get(0).get("kind").asText()).isEqualTo("run-submitted");
        assertThat(later).hasSize(2);
        assertThat(later.get(1).get("sequence").asInt()).isEqualTo(all.size());
        assertThat(later.get(1).get("text").asText()).contains("worker-3 gets no more work");
    }

    @Test
    void curvesAreThoseThatTheStageLeft() {
        JsonNode curves = TestServer.json(server.get("/api/v1/runs/first/curves/block-000"));

        assertThat(curves.toString())
                .isEqualTo("{\"stage\":\"block-000\",\"training\":[[8,0.003],[16,0.002]],"
                        + "\"validation\":[[0,0.0041]]}");
        for (String none : List.of("block-002", "block-001", "evaluate-full-precision", "nonsense")) {
            assertThat(server.get("/api/v1/runs/first/curves/" + none).statusCode())
                    .as(none)
                    .isEqualTo(404);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/runs/second",
                "/api/v1/runs/second/stream",
                "/api/v1/runs/second/events",
                "/api/v1/runs/..",
                "/api/v1/runs/../first",
                "/api/v1/runs/%2e%2e",
                "/api/v1/runs/..%2ffirst",
                "/api/v1/runs/%2e%2e%2ffirst/events",
                "/api/v1/runs/first%00",
                "/api/v1/none",
                "/api",
                "/none",
                "/assets/..%2findex.html",
                "/assets/%2e%2e%2fhttp%2fopenapi.json",
                "/assets/.hidden.js",
                "/assets/index",
                "/assets/none.js",
                "/assets/io/blocksmith/page/index.html"
            })
    void whatIsNotThereIsNotFound(String path) {
        HttpResponse<String> answer = server.get(path);

        assertThat(answer.statusCode()).isIn(404, 400);
        if (answer.statusCode() == 404) {
            assertThat(TestServer.json(answer).get("error").get("status").asInt())
                    .isEqualTo(404);
        }
    }

    @Test
    void aMethodThatDoesNotFitIsSaidWithThoseThatDo() {
        HttpResponse<String> post = server.post("/api/v1/runs/first", "");
        assertThat(post.statusCode()).isEqualTo(405);
        assertThat(post.headers().firstValue("Allow")).contains("GET");

        HttpResponse<String> get = server.get("/api/v1/runs/first/pause");
        assertThat(get.statusCode()).isEqualTo(405);
        assertThat(get.headers().firstValue("Allow")).contains("POST");

        HttpResponse<String> delete = server.send(server.request("/api/v1/runs/first")
                .header("Authorization", "Bearer " + TestServer.TOKEN)
                .method("DELETE", BodyPublishers.noBody()));
        assertThat(delete.statusCode()).isEqualTo(405);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/health/ready", "/api/v1/runs", "/api/v1/runs/first", "/api/v1/runs/first/stream"})
    void whoeverMayReadMayAskForTheHeadersAlone(String path) {
        HttpResponse<String> answer = head(path);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
        Awaited.that("nothing is streamed to nobody", () -> server.server().listeners() == 0);
    }

    @Test
    void headersOfWhatIsNotThereOrCannotBeReadSaySo() {
        assertThat(head("/api/v1/runs/second").statusCode()).isEqualTo(404);
        assertThat(head("/api/v1/runs/first/pause").statusCode()).isEqualTo(405);
    }

    private HttpResponse<String> head(String path) {
        return server.send(server.request(path).method("HEAD", BodyPublishers.noBody()));
    }

    @Test
    void aNumberThatIsNoneIsOneClearError() {
        HttpResponse<String> answer = server.get("/api/v1/runs/first/events?after=soon");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(TestServer.json(answer).get("error").get("found").asText()).isEqualTo("soon");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400 | GET /api/v1/runs/first/events?after=%zz HTTP/1.1",
                "400 | GET /api/v1/runs HTTP/1.1~s3cret without a colon",
                "505 | GET /api/v1/runs HTTP/7",
                "414 | GET /api/v1/runs/first/events?after=LONG HTTP/1.1",
                "431 | GET /api/v1/runs HTTP/1.1~X-Long: LONG",
                "501 | BREW /api/v1/runs HTTP/1.1",
            })
    void whatIsNoRequestIsOneClearError(int status, String sent) throws IOException {
        // By hand, because no client sends such things.
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String head = sent.replace("LONG", "s3cret".repeat(2000)).replace("~", "\r\n");
            socket.getOutputStream()
                    .write("%s\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                            .formatted(head)
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 %d ".formatted(status)).doesNotContain("s3cret");
            JsonNode error =
                    TestServer.json(answer.substring(answer.indexOf('{'))).get("error");
            assertThat(error.get("status").asInt()).isEqualTo(status);
            assertThat(error.get("what").asText()).isNotEmpty();
        }
    }

    @Test
    void aNodeSaysWhoItIsAndWhetherItIsReady() {
        JsonNode cluster = TestServer.json(server.get("/api/v1/cluster"));
        assertThat(cluster.get("self").asText()).isEqualTo("http://127.0.0.1:" + server.port());
        assertThat(cluster.get("can-change").asBoolean()).isTrue();
        assertThat(server.get("/health/ready").statusCode()).isEqualTo(200);

        server.member.set(false);

        assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
        assertThat(server.get("/health/alive").statusCode()).isEqualTo(200);
    }

    @Test
    void thePageNeedsNoOtherServer() {
        HttpResponse<String> page = server.get("/");
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=UTF-8");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .hasValueSatisfying(policy -> assertThat(policy)
                        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                        .doesNotContain("unsafe", "*"));
        assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(page.body()).doesNotContain("//cdn", "https://");

        HttpResponse<String> script = server.get("/assets/page.js");
        assertThat(script.body()).contains("import ");
        assertThat(script.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("application/javascript"));
        String tag = script.headers().firstValue("ETag").orElseThrow();
        assertThat(server.send(server.request("/assets/page.js").header("If-None-Match", tag))
                        .statusCode())
                .isEqualTo(304);
    }
}
