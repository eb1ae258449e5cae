package io.blocksmith.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Documents in a {@code .jsonl} file: {@code {"text": "..."}} a line. All of them are in memory at once. */
public final class TextLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TextLines() {}

    /** Every document of {@code file}; a line that holds none is a USER error. */
    public static List<String> read(Path file) {
        List<String> texts = new ArrayList<>();
        int number = 0;
        for (String line : lines(file)) {
            number++;
            JsonNode text;
            try {
                text = JSON.readTree(line).path("text");
            } catch (JsonProcessingException e) {
                throw BlocksmithException.user("%s:%d: is not JSON: %s", file, number, e.getOriginalMessage());
            }
            if (!text.isTextual()) {
                throw BlocksmithException.user("%s:%d: expected a line like {\"text\": \"...\"}", file, number);
            }
            texts.add(text.asText());
        }
        return texts;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    /** Replaces {@code file}. */
    public static void write(Path file, List<String> texts) {
        StringBuilder lines = new StringBuilder();
        try {
            for (String text : texts) {
                lines.append(JSON.writeValueAsString(Map.of("text", text))).append('\n');
            }
            Files.writeString(file, lines);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }
}
