package io.blocksmith.demo;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSON files written for people too: indented, with the same line ends everywhere. */
final class JsonFile {
    private static final ObjectWriter INDENTED =
            new ObjectMapper().writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

    private JsonFile() {}

    /** Writes a JSON tree or a map. */
    static void write(Path file, Object content) {
        try {
            Files.writeString(file, INDENTED.writeValueAsString(content) + "\n");
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }
}
