package io.blocksmith.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WebhookTest {
    private record Received(String authorization, JsonNode body) {}

    private final Queue<Integer> answers = new ConcurrentLinkedQueue<>();
    private final Queue<Received> received = new ConcurrentLinkedQueue<>();
    private final Queue<Boolean> results = new ConcurrentLinkedQueue<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Webhook.class);
    private HttpServer server;
    /** What the address waits for before it answers; null = nothing. */
    private volatile CountDownLatch held;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            received.add(new Received(
                    exchange.getRequestHeaders().getFirst("Authorization"),
                    new ObjectMapper().readTree(exchange.getRequestBody())));
            awaitRelease();
            Integer answer = answers.poll();
            exchange.sendResponseHeaders(answer == null ? 200 : answer, -1);
            exchange.close();
        });
        server.start();
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void end() {
        logger.detachAppender(log);
        server.stop(0);
    }

    private Webhook webhook() {
        return new Webhook(
                "http://127.0.0.1:%d/services/s3cret-path"
                        .formatted(server.getAddress().getPort()),
                "s3cret-token",
                List.of(Duration.ofMillis(1), Duration.ofMillis(1)),
                (_, delivered) -> results.add(delivered));
    }

    @Test
    void itPostsInOrderWithTheToken() {
        try (Webhook webhook = webhook()) {
            webhook.tell("tiny", Map.of("kind", "run-paused"));
            webhook.tell("tiny", Map.of("kind", "run-resumed"));
        }
        assertThat(received)
                .extracting(call -> call.body().path("kind").asText())
                .containsExactly("run-paused", "run-resumed");
        assertThat(received).allSatisfy(call -> {
            assertThat(call.authorization()).isEqualTo("Bearer s3cret-token");
            assertThat(call.body().path("run").asText()).isEqualTo("tiny");
        });
        assertThat(results).containsExactly(true, true);
    }

    @Test
    void itRepeatsWhatMayHelpAgain() {
        answers.addAll(List.of(503, 429));
        try (Webhook webhook = webhook()) {
            // Closed at once, as after the last word of a run in one process.
            webhook.tell("tiny", Map.of("kind", "run-stopped"));
        }
        assertThat(received).hasSize(3);
        assertThat(results).containsExactly(true);
    }

    @Test
    void itGivesUpAndGoesOnWithTheNext() {
        answers.addAll(List.of(500, 500, 500));
        try (Webhook webhook = webhook()) {
            webhook.tell("tiny", Map.of("kind", "run-paused"));
            awaitResults(1);
            webhook.tell("tiny", Map.of("kind", "run-resumed"));
        }
        assertThat(received).hasSize(4);
        assertThat(results).containsExactly(false, true);
    }

    @Test
    void aRefusalIsNotRepeated() {
        answers.add(404);
        try (Webhook webhook = webhook()) {
            webhook.tell("tiny", Map.of("kind", "run-paused"));
        }
        assertThat(received).hasSize(1);
        assertThat(results).containsExactly(false);
    }

    @Test
    void callsThatTheEndOfTheProcessLeavesUnmadeAreCounted() throws InterruptedException {
        CountDownLatch hang = new CountDownLatch(1);
        held = hang;
        try (Webhook webhook = new Webhook(
                "http://127.0.0.1:%d/".formatted(server.getAddress().getPort()),
                "",
                List.of(),
                Duration.ofMillis(500),
                (_, delivered) -> results.add(delivered))) {
            for (int i = 0; i < 5; i++) {
                webhook.tell("tiny", Map.of("sequence", i));
            }
        }
        hang.countDown();
        awaitResults(5);
        assertThat(results).containsExactly(false, false, false, false, false);
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .anyMatch(message -> message.matches("webhook to 127.0.0.1: the process ends, [34] calls .* not made"));
    }

    @Test
    void nothingSecretIsLogged() {
        answers.add(404);
        try (Webhook webhook = webhook()) {
            webhook.tell("tiny", Map.of("kind", "run-paused"));
        }
        assertThat(log.list)
                .singleElement()
                .extracting(ILoggingEvent::getFormattedMessage)
                .asString()
                .contains("webhook to 127.0.0.1", "404")
                .doesNotContain("s3cret");
        assertThatThrownBy(() -> new Webhook("http://127.0.0.1/", "s3cret\n", List.of(), (_, _) -> {}))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("webhook.token")
                .message()
                .doesNotContain("s3cret");
        assertThatThrownBy(() -> new Webhook("htp:/s3cret path", "", List.of(), (_, _) -> {}))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("webhook.url")
                .hasNoCause()
                .message()
                .doesNotContain("s3cret");
    }

    private void awaitRelease() {
        try {
            if (held != null) {
                held.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitResults(int count) {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (results.size() < count) {
            assertThat(System.nanoTime()).as("the call ends").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
