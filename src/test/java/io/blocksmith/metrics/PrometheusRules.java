package io.blocksmith.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The rule files in {@code conf/prometheus}. */
final class PrometheusRules {
    static final Path FOLDER = Path.of("conf/prometheus");
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private PrometheusRules() {}

    /** An alert, as its file has it; texts are empty where there is none. */
    record Alert(String name, String expression, String severity, String summary, String description, String runbook) {}

    /** A series made from others. */
    record Recording(String name, String expression) {
        /** The aggregation level in front of the first colon names the labels that are left. */
        Set<String> labels() {
            String level = name.substring(0, name.indexOf(':'));
            return level.equals("blocksmith") ? Set.of() : Set.of(level.split("_"));
        }
    }

    static List<Alert> alerts() {
        return rules("alert-rules.yml")
                .map(rule -> new Alert(
                        rule.path("alert").asText(),
                        rule.path("expr").asText(),
                        rule.path("labels").path("severity").asText(),
                        rule.path("annotations").path("summary").asText(),
                        rule.path("annotations").path("description").asText(),
                        rule.path("annotations").path("runbook_url").asText()))
                .toList();
    }

    static List<Recording> recordings() {
        return rules("recording-rules.yml")
                .map(rule -> new Recording(
                        rule.path("record").asText(), rule.path("expr").asText()))
                .toList();
    }

    /** Labels by the name of a recorded series. */
    static Map<String, Set<String>> recorded() {
        Map<String, Set<String>> recorded = new HashMap<>();
        recordings().forEach(recording -> recorded.put(recording.name(), recording.labels()));
        return recorded;
    }

    static List<Path> tests() {
        try (Stream<Path> files = Files.list(FOLDER.resolve("tests"))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode read(Path file) {
        try {
            return YAML.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<JsonNode> rules(String file) {
        List<JsonNode> rules = new ArrayList<>();
        read(FOLDER.resolve(file))
                .path("groups")
                .forEach(group -> group.path("rules").forEach(rules::add));
        return rules.stream();
    }
}
