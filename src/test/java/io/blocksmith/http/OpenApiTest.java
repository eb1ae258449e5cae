package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.RequestBox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The description says what the server does, no more and no less. */
class OpenApiTest {
    @TempDir
    Path folder;

    private RecordedRun run;
    private TestServer server;
    private JsonNode description;

    @BeforeEach
    void serve() {
        run = RecordedRun.underWay(folder.resolve("first"), "first");
        server = TestServer.over(folder);
        description = TestServer.json(server.get("/api/v1/openapi.json"));
    }

    @AfterEach
    void close() {
        server.close();
        run.close();
    }

    @Test
    void itDescribesEveryRouteAndNoOther() {
        List<String> described = new ArrayList<>();
        description
                .get("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(
                                method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));

        assertThat(server.server().routes())
                .extracting(route -> route.method() + " " + route.path())
                .containsExactlyInAnyOrderElementsOf(described);
        assertThat(description.get("openapi").asText()).startsWith("3.1");
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        List<JsonNode> references = description.findValues("$ref");

        assertThat(references).hasSizeGreaterThan(20);
        for (JsonNode reference : references) {
            assertThat(description.at(reference.asText().substring(1)).isObject())
                    .as(reference.asText())
                    .isTrue();
        }
    }

    @Test
    void everyComponentIsReferredTo() {
        List<String> references = description.findValuesAsText("$ref");

        for (String kind : List.of("schemas", "responses", "parameters")) {
            for (String name : keys(description.at("/components/" + kind))) {
                assertThat(references).contains("#/components/%s/%s".formatted(kind, name));
            }
        }
    }

    @Test
    void everyKeyOfEveryDocumentIsDescribedAndEveryDescribedKeyIsThere() {
        new RequestBox(run.store(), InstantSource.system(), UUID::randomUUID).ask(new Request.Pause("ann@host"));
        Set<String> met = new HashSet<>();

        check("/api/v1/runs", "Runs", met);
        check("/api/v1/runs/first", "Status", met);
        check("/api/v1/runs/first/events", "Events", met);
        check("/api/v1/runs/first/curves/block-000", "Curves", met);
        check("/api/v1/cluster", "Cluster", met);
        check("/health/alive", "Alive", met);
        check("/health/ready", "Ready", met);
        assertThat(TestServer.json(server.get("/api/v1/runs/first/curves/block-000"))
                        .get("training"))
                .isNotEmpty();
        compare(
                "Error",
                schema("Error"),
                TestServer.json(server.post("/api/v1/runs/first/retry", "{\"stage\": \"x\"}")),
                met);
        compare("Asked", schema("Asked"), TestServer.json(server.post("/api/v1/runs/first/cancel", "")), met);
        assertThat(met)
                .contains(
                        "Status.attempts.curve",
                        "Status.requests.by",
                        "Status.failures.reason",
                        "Status.last-checkpoint.step");
    }

    @Test
    void whatIsNotKnownOfARunIsDescribedToo() throws IOException {
        RecordedRun.started(folder.resolve("second"), "second").close();
        Files.createDirectory(folder.resolve("third"));
        Set<String> met = new HashSet<>();

        check("/api/v1/runs", "Runs", met);
        check("/api/v1/runs/second", "Status", met);

        assertThat(met).contains("Runs.runs.percent");
    }

    @Test
    void aRunThatStoppedIsDescribedToo() {
        run.append(new Event.RunPaused(Histories.NOON, Event.RestCause.REQUESTED, "paused by ann@host"));
        Set<String> met = new HashSet<>();

        check("/api/v1/runs/first", "Status", met);

        assertThat(met).contains("Status.rest.reason");
    }

    private void check(String path, String schema, Set<String> met) {
        compare(schema, schema(schema), TestServer.json(server.get(path)), met);
    }

    private JsonNode schema(String name) {
        return description.at("/components/schemas/" + name);
    }

    /** Compares keys and types, all the way down; {@code met} learns the path of each key. */
    private void compare(String place, JsonNode given, JsonNode value, Set<String> met) {
        JsonNode schema =
                given.has("$ref") ? description.at(given.get("$ref").asText().substring(1)) : given;
        met.add(place);
        assertThat(types(schema)).as("%s is %s", place, value).contains(type(value));
        if (schema.has("enum")) {
            assertThat(schema.get("enum")).as(place).contains(value);
        }
        if (value.isObject()) {
            Set<String> described = keys(schema.path("properties"));
            Set<String> required = new HashSet<>();
            schema.path("required").forEach(key -> required.add(key.asText()));
            Set<String> there = keys(value);
            assertThat(described).as("described below " + place).containsAll(there);
            assertThat(there).as("there below " + place).containsAll(required);
            // Errors leave out what does not apply, and perplexities what is not measured.
            if (!place.equals("Error.error") && !place.equals("Status.perplexities")) {
                assertThat(required).as("required below " + place).isEqualTo(described);
            }
            there.forEach(
                    key -> compare(place + "." + key, schema.get("properties").get(key), value.get(key), met));
        }
        if (value.isArray() && schema.has("items")) {
            value.forEach(item -> compare(place, schema.get("items"), item, met));
        }
        for (int i = 0; value.isArray() && i < schema.path("prefixItems").size(); i++) {
            compare(place, schema.get("prefixItems").get(i), value.get(i), met);
        }
        if (schema.path("format").asText().equals("date-time") && value.isTextual()) {
            assertThat(Instant.parse(value.asText())).as(place).isAfter(Instant.EPOCH);
        }
    }

    private static Set<String> keys(JsonNode object) {
        Set<String> keys = new HashSet<>();
        object.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static List<String> types(JsonNode schema) {
        JsonNode type = schema.path("type");
        List<String> types = new ArrayList<>();
        if (type.isTextual()) {
            types.add(type.asText());
        }
        type.forEach(one -> types.add(one.asText()));
        if (types.contains("number")) {
            // A whole number is a number, too.
            types.add("integer");
        }
        return types;
    }

    private static String type(JsonNode value) {
        if (value instanceof NullNode) {
            return "null";
        }
        return switch (value.getNodeType()) {
            case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
            case BOOLEAN -> "boolean";
            case STRING -> "string";
            case ARRAY -> "array";
            case OBJECT -> "object";
            case BINARY, MISSING, NULL, POJO -> throw new AssertionError(value);
        };
    }
}
