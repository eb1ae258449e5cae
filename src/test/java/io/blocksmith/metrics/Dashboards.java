package io.blocksmith.metrics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The dashboards in the folder {@code dashboards}, which Kubernetes has a file of its own in. */
public final class Dashboards {
    public static final Path FOLDER = Path.of("dashboards");
    private static final ObjectMapper JSON = new ObjectMapper();

    private Dashboards() {}

    /**
     * What tests need of a dashboard.
     *
     * @param json all of it
     * @param variables queries of its variables, e.g. {@code label_values(metric, label)}
     * @param annotations expressions whose samples are marks on the time line
     */
    public record Dashboard(
            Path file, JsonNode json, List<Panel> panels, List<String> variables, List<String> annotations) {
        public String title() {
            return json.path("title").asText();
        }

        @Override
        public String toString() {
            return file.getFileName().toString();
        }
    }

    /**
     * A panel with queries.
     *
     * @param description a sentence that says what it shows, then what to do
     */
    public record Panel(String title, String description, JsonNode json, List<String> expressions) {
        /** Everything behind the first sentence. */
        public String whatToDo() {
            int end = description.indexOf(". ");
            return end < 0 ? "" : description.substring(end + 2);
        }
    }

    /** All, in the order of their file names. */
    public static List<Dashboard> all() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .map(Dashboards::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Dashboard read(Path file) {
        JsonNode json;
        try {
            json = JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Panel> panels = new ArrayList<>();
        for (JsonNode panel : json.path("panels")) {
            if (!panel.path("type").asText().equals("row")) {
                panels.add(new Panel(
                        panel.path("title").asText(),
                        panel.path("description").asText(),
                        panel,
                        texts(panel.path("targets"), "expr")));
            }
        }
        List<String> variables = new ArrayList<>();
        for (JsonNode variable : json.path("templating").path("list")) {
            if (variable.path("type").asText().equals("query")) {
                variables.add(variable.path("query").path("query").asText());
            }
        }
        List<String> annotations = new ArrayList<>();
        json.path("annotations")
                .path("list")
                .forEach(annotation ->
                        annotations.add(annotation.path("target").path("expr").asText()));
        return new Dashboard(file, json, panels, variables, annotations);
    }

    private static List<String> texts(JsonNode list, String field) {
        List<String> texts = new ArrayList<>();
        list.forEach(element -> texts.add(element.path(field).asText()));
        return texts;
    }
}
