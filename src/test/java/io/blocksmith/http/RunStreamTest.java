package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStreamTest {
    private static final String STREAM = "/api/v1/runs/first/stream";
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final StreamPace FAST =
            new StreamPace(LOOK_EVERY, Duration.ofMillis(300), Duration.ofMillis(500), Duration.ofSeconds(30));

    private static final StreamPace SLOW =
            new StreamPace(Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1), Duration.ofSeconds(30));

    @TempDir
    Path folder;

    private RecordedRun run;
    private final AtomicInteger looks = new AtomicInteger();
    private final AtomicBoolean broken = new AtomicBoolean();
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeEach
    void record() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
    }

    @AfterEach
    void close() {
        client.close();
        run.close();
    }

    /** A listener, and all lines that it was sent so far. */
    private record Listener(CompletableFuture<HttpResponse<Stream<String>>> answer, List<String> lines)
            implements AutoCloseable {
        /** All but comments, which come when nothing else did for a while. */
        List<String> fields() {
            return lines.stream()
                    .filter(line -> !line.isEmpty() && !line.startsWith(":"))
                    .toList();
        }

        List<String> data() {
            return lines.stream()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring("data: ".length()))
                    .toList();
        }

        void awaitData(int count) {
            Awaited.that("a listener was told %d times: %s".formatted(count, lines), () -> data().size() >= count);
        }

        @Override
        public void close() {
            answer.join().body().close();
        }
    }

    private Listener listen(TestServer server) {
        List<String> lines = new CopyOnWriteArrayList<>();
        CompletableFuture<HttpResponse<Stream<String>>> answer =
                client.sendAsync(server.request(STREAM).build(), BodyHandlers.ofLines());
        Thread.ofVirtual().start(() -> {
            try {
                answer.join().body().forEach(lines::add);
            } catch (UncheckedIOException ended) {
                // Closed by the listener, or with the server. What was heard until then is what the test looks at.
                lines.add(": " + ended.getMessage());
            }
        });
        return new Listener(answer, lines);
    }

    private TestServer serve(StreamPace pace) {
        return TestServer.over(folder, pace, this::counted);
    }

    /** Counts looks, which read the heartbeat once each, and fails them on demand. */
    private ObjectStore counted(ObjectStore store) {
        return WatchedStore.of(store, name -> {
            if (name.equals(RunNames.LIVE)) {
                looks.incrementAndGet();
                if (broken.get()) {
                    throw BlocksmithException.environment(null, "the store is away");
                }
            }
        });
    }

    @Test
    void heartbeatsAloneAreNoNews() {
        StreamPace quiet = new StreamPace(LOOK_EVERY, Duration.ofHours(1), Duration.ofHours(1), Duration.ofSeconds(30));
        Running running = run.state().running().getFirst();
        run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
        run.append(new Event.StageCancelled(Histories.NOON, running.ticket(), Evidence.NONE));
        run.beat(Instant.now());
        try (TestServer server = serve(quiet);
                Listener listener = listen(server)) {
            listener.awaitData(1);
            run.beat(Instant.now());
            int before = looks.get();
            Awaited.that("the heartbeat was seen", () -> looks.get() > before + 2);

            run.append(new Event.RunResumed(Histories.NOON, "resumed by ann@host"));
            listener.awaitData(2);
            assertThat(listener.data()).hasSize(2);
            assertThat(listener.data().getLast()).contains("\"phase\":\"running\"");
        }
    }

    @Test
    void aListenerIsToldTheSameDocumentAtOnceAndWhenItChanges() {
        try (TestServer server = serve(FAST);
                Listener listener = listen(server)) {
            listener.awaitData(1);
            assertThat(listener.answer().join().headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
            assertThat(listener.fields()).startsWith("retry: 2000", "id: 1", "event: status");
            String document = server.get("/api/v1/runs/first").body();
            assertThat(timeless(listener.data().getFirst())).isEqualTo(timeless(document));

            run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));

            Awaited.that("the pause is told", () -> listener.data().getLast().contains("\"phase\":\"paused\""));
            Awaited.that("a comment came", () -> listener.lines().contains(": still here"));
        }
    }

    @Test
    void anUnchangedRunIsToldAllTheSame() {
        try (TestServer server = serve(FAST);
                Listener listener = listen(server)) {
            listener.awaitData(3);

            assertThat(listener.data().stream().map(RunStreamTest::timeless).distinct())
                    .hasSize(1);
        }
    }

    @Test
    void listenersShareOneLookAndNobodyLooksForNobody() {
        try (TestServer server = serve(FAST)) {
            long begin = System.nanoTime();
            try (Listener one = listen(server);
                    Listener two = listen(server);
                    Listener three = listen(server)) {
                List.of(one, two, three).forEach(listener -> listener.awaitData(5));
                int looked = looks.get();
                double passed = (System.nanoTime() - begin) / 1e9;
                assertThat(server.server().listeners()).isEqualTo(3);
                assertThat(looked).isLessThanOrEqualTo((int) (passed / (0.9 * LOOK_EVERY.toMillis() / 1e3)) + 1);
                assertThat(server.opened.get()).isEqualTo(1);
            }
            Awaited.that("all have gone", () -> server.server().listeners() == 0);
            int[] seen = {looks.get(), 0};
            Awaited.that("nobody has looked for ten times as long as a look lasts", () -> {
                seen[1] = looks.get() == seen[0] ? seen[1] + 1 : 0;
                seen[0] = looks.get();
                // Each try waits 20 ms.
                return seen[1] > 50;
            });
        }
    }

    @Test
    void whoeverComesWhileALookIsGoodIsToldWhatItShowed() {
        try (TestServer server = serve(SLOW);
                Listener one = listen(server);
                Listener two = listen(server);
                Listener three = listen(server)) {
            List.of(one, two, three).forEach(listener -> listener.awaitData(1));

            assertThat(looks.get()).isEqualTo(1);
            assertThat(one.data()).isEqualTo(two.data()).isEqualTo(three.data());
        }
    }

    @Test
    void aStoreThatIsAwayIsToldAndTheStreamGoesOnWhenItIsBack() {
        try (TestServer server = serve(FAST);
                Listener listener = listen(server)) {
            listener.awaitData(1);

            broken.set(true);
            Awaited.that("the trouble is told", () -> listener.data().getLast().contains("the store is away"));
            assertThat(listener.data().getLast()).contains("\"status\":503");
            assertThat(listener.lines()).contains("event: trouble");

            broken.set(false);
            Awaited.that(
                    "the run is told again", () -> listener.data().getLast().contains("\"run\":\"first\""));
        }
    }

    @Test
    void whenTheServerEndsListenersGetItsLastWordAndThePortIsFree() throws IOException {
        Listener listener;
        int port;
        try (TestServer server = serve(SLOW)) {
            port = server.port();
            listener = listen(server);
            listener.awaitData(1);
            complete();
        }
        listener.awaitData(2);
        assertThat(listener.data().getLast()).contains("\"phase\":\"completed\"");
        listener.close();
        try (ServerSocket again = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertThat(again.isBound()).isTrue();
        }
    }

    @Test
    void aListenerThatTakesNothingIsDropped() throws IOException {
        StreamPace flood =
                new StreamPace(Duration.ofMillis(1), Duration.ZERO, Duration.ofHours(1), Duration.ofSeconds(2));
        try (TestServer server = serve(flood);
                Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            socket.getOutputStream()
                    .write("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            .formatted(STREAM)
                            .getBytes(StandardCharsets.US_ASCII));
            Awaited.that("it listens", () -> server.server().listeners() == 1);
            Awaited.that("it is dropped", () -> server.server().listeners() == 0);

            assertThat(server.get("/api/v1/runs/first").statusCode()).isEqualTo(200);
        }
    }

    private void complete() {
        Running running = run.state().running().getFirst();
        run.append(new Event.StageCommitted(Histories.NOON, running.ticket(), new StageResult(List.of(), Map.of())));
        run.append(new Event.RunCompleted(Histories.NOON));
    }

    /** The document without what only time changes. */
    private static String timeless(String document) {
        return document.replaceAll("\"now\":\"[^\"]*\"", "").replaceAll("\"seconds-since-beat\":[0-9.]*", "");
    }
}
