package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.status.RecordedRun;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the user's webhook is told of a run. */
class NoticesTest {
    @TempDir
    Path folder;

    private final Queue<JsonNode> received = new ConcurrentLinkedQueue<>();
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            received.add(new ObjectMapper().readTree(exchange.getRequestBody()));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void end() {
        server.stop(0);
    }

    private Notices notices() {
        String url = "http://127.0.0.1:%d/".formatted(server.getAddress().getPort());
        return Notices.start(
                new Settings.Webhook(url, "", List.of("supervisor-started", "run-paused", "run-resumed")),
                (run, delivered) -> assertThat(delivered).isTrue());
    }

    @Test
    void aChangeIsToldWithItsNumberInTheLedger() {
        try (RecordedRun run = RecordedRun.underWay(folder, "first");
                Notices notices = notices()) {
            RunListener listener = notices.supervised(run.store()).getFirst();
            Event paused = new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host");
            Event drained = new Event.WorkerDrained(Histories.NOON, "worker-2", "drained by ann@host");
            Event resumed = new Event.RunResumed(Histories.NOON.plusNanos(123_456_789), "resumed by ann@host");
            for (Event event : List.of(paused, drained, resumed)) {
                run.append(event);
                listener.recorded(event, run.state());
            }
        }
        assertThat(received).extracting(call -> call.get("kind").asText()).containsExactly("run-paused", "run-resumed");
        int first = received.peek().get("sequence").asInt();
        assertThat(folder.resolve("ledger/%08d.json".formatted(first)))
                .content()
                .contains("paused by ann@host");
        assertThat(received).extracting(call -> call.get("sequence").asInt()).containsExactly(first, first + 2);
        assertThat(received)
                .allSatisfy(call -> assertThat(call.get("run").asText()).isEqualTo("first"));
    }

    @Test
    void aChangeWhoseNumberCannotBeReadIsToldAllTheSame() throws IOException {
        try (RecordedRun run = RecordedRun.started(folder, "first");
                Notices notices = notices()) {
            RunListener listener = notices.supervised(run.store()).getFirst();
            Files.writeString(folder.resolve("ledger/00000001.json"), "{\"tor");
            listener.recorded(
                    new Event.SupervisorStarted(Histories.NOON, 1, "host:1"), Histories.started(RecordedRun.BLOCKS));
        }
        assertThat(received).singleElement().satisfies(call -> {
            assertThat(call.get("sequence").isNull()).isTrue();
            assertThat(call.get("kind").asText()).isEqualTo("supervisor-started");
        });
    }
}
