package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.RequestBox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each answer that the description names for an operation comes, and no other does. */
class OpenApiStatusTest {
    /** By the last part of the path; what the run of {@link #serve} can be asked. */
    private static final Map<String, String> BODIES = Map.of(
            "retry", "{\"stage\": \"block-003\"}",
            "drain", "{\"worker\": \"worker-1\"}",
            "undrain", "{\"worker\": \"worker-3\"}");

    @TempDir
    Path folder;

    private RecordedRun run;
    private TestServer server;
    private JsonNode description;
    private final List<Operation> operations = new ArrayList<>();
    /** Operations with the statuses of their answers. */
    private final Set<String> met = new TreeSet<>();

    private record Operation(String method, String template) {
        String path(String run) {
            return template.replace("{run}", run)
                    .replace("{stage}", "block-000")
                    .replace("{name}", "page.js");
        }

        boolean changes() {
            return method.equals("POST");
        }

        boolean isOfRun() {
            return template.contains("{run}");
        }

        String body() {
            return BODIES.getOrDefault(template.substring(template.lastIndexOf('/') + 1), "");
        }
    }

    @BeforeEach
    void serve() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
        // So that each request would change something.
        run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
        try (RecordedRun done = RecordedRun.started(folder.resolve("done"), "done")) {
            done.append(new Event.RunCompleted(Histories.NOON));
        }
        server = TestServer.over(folder);
        description = TestServer.json(server.get("/api/v1/openapi.json"));
        description
                .get("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(method ->
                                operations.add(new Operation(method.toUpperCase(Locale.ROOT), path.getKey()))));
    }

    @AfterEach
    void close() {
        server.close();
        run.close();
    }

    @Test
    void eachDescribedAnswerComesAndNoOther() throws IOException {
        for (Operation operation : operations) {
            answered(operation, "first", operation.body());
            answered(operation, "none", operation.body());
            requireHost(operation);
            if (operation.changes()) {
                answered(operation, "first", "[");
                answered(operation, "first", " ".repeat(RequestBody.MOST_BYTES + 1));
                answered(operation, operation.path("").endsWith("retry") ? "first" : "done", refused(operation));
            }
        }
        for (String path : List.of("/", "/assets/page.js", "/api/v1/runs/first")) {
            String tag = server.get(path).headers().firstValue("ETag").orElseThrow();
            meet(operation(path), server.send(server.request(path).header("If-None-Match", tag)));
        }
        meet(operation("/api/v1/runs/first/events"), server.get("/api/v1/runs/first/events?after=soon"));
        meet(operation("/api/v1/runs/first/curves/none"), server.get("/api/v1/runs/first/curves/none"));
        meet(operation("/assets/none.js"), server.get("/assets/none.js"));
        withoutAToken();
        withTooManyRequests();
        withoutAStore();

        Set<String> described = new TreeSet<>();
        operations.forEach(operation ->
                responses(operation).fieldNames().forEachRemaining(status -> described.add(name(operation, status))));
        assertThat(described).hasSizeGreaterThan(100);
        described.removeIf(answer -> answer.endsWith(" 500"));
        assertThat(met).containsExactlyElementsOf(described);
    }

    @Test
    void aDefectIsDescribedWhereTheStoreIsRead() {
        try (TestServer broken = TestServer.over(
                folder,
                StreamPace.STANDARD,
                store -> WatchedStore.of(store, name -> {
                    throw new IllegalStateException("a defect");
                }))) {
            for (Operation operation : operations) {
                if (operation.isOfRun()) {
                    HttpResponse<String> answer = sent(broken, operation, "first", operation.body());
                    assertThat(answer.statusCode()).as(operation.toString()).isEqualTo(500);
                    meet(operation, answer);
                }
            }
        }
    }

    /** A body that asks for what cannot be. */
    private static String refused(Operation operation) {
        return operation.path("").endsWith("retry") ? "{\"stage\": \"block-000\"}" : operation.body();
    }

    private void withoutAToken() {
        TestServer beyond = TestServer.over(folder, TestServer.settings("0.0.0.0", TestServer.TOKEN));
        try (beyond) {
            for (Operation operation : operations) {
                if (operation.template().startsWith("/api")) {
                    HttpRequest.Builder request = beyond.request(operation.path("first"));
                    meet(
                            operation,
                            beyond.send(operation.changes() ? request.POST(BodyPublishers.ofString("")) : request));
                }
            }
        }
    }

    private void withTooManyRequests() {
        RequestBox box = new RequestBox(run.store(), InstantSource.system(), UUID::randomUUID);
        box.pending().keySet().forEach(box::done);
        for (int i = 0; i < 100; i++) {
            box.ask(new Request.Drain("ann@host", "another-" + i));
        }
        changes(operation -> answered(operation, "first", operation.body()));
    }

    private void withoutAStore() {
        try (TestServer empty = TestServer.over(folder.resolve("missing"))) {
            for (Operation operation : operations) {
                meet(operation, sent(empty, operation, "first", operation.body()));
            }
        }
    }

    private void changes(Consumer<Operation> asked) {
        operations.stream().filter(Operation::changes).forEach(asked);
    }

    private Operation operation(String path) {
        return operations.stream()
                .filter(operation -> operation.method().equals("GET")
                        && path.matches(operation.template().replaceAll("\\{[a-z]+}", "[^/]+")))
                .findFirst()
                .orElseThrow();
    }

    private void answered(Operation operation, String name, String body) {
        meet(operation, sent(server, operation, name, body));
    }

    private static HttpResponse<String> sent(TestServer server, Operation operation, String name, String body) {
        String path = operation.path(name);
        if (operation.changes()) {
            return server.post(path, body);
        }
        // A stream has no end.
        return server.send(
                path.endsWith("/stream")
                        ? server.request(path).method("HEAD", BodyPublishers.noBody())
                        : server.request(path));
    }

    /** By hand, because no client sends another name than that of the address. */
    private void requireHost(Operation operation) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write("%s %s HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                            .formatted(operation.method(), operation.path("first"))
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 403 ");
            meet(operation, 403, "application/json");
        }
    }

    private void meet(Operation operation, HttpResponse<String> answer) {
        meet(
                operation,
                answer.statusCode(),
                answer.headers().firstValue("Content-Type").orElse(""));
        if (answer.statusCode() >= 400
                && !answer.body().isEmpty()
                && operation.template().startsWith("/api")) {
            assertThat(TestServer.json(answer).at("/error/status").asInt()).isEqualTo(answer.statusCode());
        }
    }

    private void meet(Operation operation, int status, String type) {
        String name = name(operation, Integer.toString(status));
        JsonNode given = responses(operation).path(Integer.toString(status));
        assertThat(given.isObject()).as(name).isTrue();
        JsonNode response =
                given.has("$ref") ? description.at(given.get("$ref").asText().substring(1)) : given;
        List<String> types = new ArrayList<>();
        response.path("content").fieldNames().forEachRemaining(types::add);
        if (!types.equals(List.of("*/*"))) {
            assertThat(String.join("", types)).as(name).isEqualTo(type.replaceAll(";.*", ""));
        }
        met.add(name);
    }

    private static String name(Operation operation, String status) {
        return "%s %s %s".formatted(operation.method(), operation.template(), status);
    }

    private JsonNode responses(Operation operation) {
        return description
                .get("paths")
                .get(operation.template())
                .get(operation.method().toLowerCase(Locale.ROOT))
                .get("responses");
    }
}
