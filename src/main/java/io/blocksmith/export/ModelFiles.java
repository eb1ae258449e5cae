package io.blocksmith.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.ConfigFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** The files of a model folder beside its tensors: {@code config.json} and what a tokenizer or a generator reads. */
final class ModelFiles {
    /** Files copied byte by byte when the input folder has them, besides {@code tokenizer*} and {@code *.model}. */
    private static final List<String> COMPANIONS = List.of(
            "generation_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja",
            "chat_template.json",
            "vocab.json",
            "merges.txt");

    private static final ObjectMapper JSON = new ObjectMapper();

    private ModelFiles() {}

    /** Makes {@code folder}; one that already holds something is a DEFECT, because exports never overwrite. */
    static void prepare(Path folder) {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> entries = Files.list(folder)) {
                entries.findAny().ifPresent(entry -> {
                    throw BlocksmithException.defect("%s: an export needs an empty folder, found %s", folder, entry);
                });
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", folder, Reason.of(e));
        }
    }

    /** Says that the head is one of its own when it is, whatever the input's configuration said. */
    static void setHead(ObjectNode config, boolean tied) {
        if (!tied && config.path("tie_word_embeddings").asBoolean()) {
            config.put("tie_word_embeddings", false);
        }
    }

    /** {@code config.json} of {@code folder}, every key kept; invalid JSON is a USER error. */
    static ObjectNode config(Path folder) {
        Path file = folder.resolve(ConfigFile.NAME);
        try {
            if (JSON.readTree(file.toFile()) instanceof ObjectNode root) {
                return root;
            }
            throw BlocksmithException.user("%s: expected a JSON object", file);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user("%s: not valid JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    /**
     * Sets the number format that loaders choose by default. Newer transformers keep it under {@code dtype}, which wins
     * over {@code torch_dtype} where both are.
     */
    static void setNumberFormat(ObjectNode config, String format) {
        config.put("torch_dtype", format);
        if (config.has("dtype")) {
            config.put("dtype", format);
        }
    }

    static void write(Path file, JsonNode root) {
        // Line ends are fixed, so that the bytes do not depend on the system.
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
        try {
            byte[] json = JSON.writer(printer).writeValueAsBytes(root);
            write(
                    file,
                    ByteBuffer.allocate(json.length + 1)
                            .put(json)
                            .put((byte) '\n')
                            .flip());
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("%s: %s", file, e.getMessage());
        }
    }

    private static void write(Path file, ByteBuffer content) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            while (content.hasRemaining()) {
                channel.write(content);
            }
            channel.force(true);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }

    /** Copies the tokenizer's and generator's files. */
    static void copyCompanions(Path from, Path to) {
        for (Path file : companions(from)) {
            try {
                write(to.resolve(file.getFileName()), ByteBuffer.wrap(Files.readAllBytes(file)));
            } catch (IOException e) {
                throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
            }
        }
    }

    /** Checks that the copies are there and equal. */
    static void verifyCompanions(Path from, Path to) {
        for (Path file : companions(from)) {
            Path copy = to.resolve(file.getFileName());
            try {
                long difference = Files.mismatch(file, copy);
                if (difference >= 0) {
                    throw BlocksmithException.defect("%s: differs from %s at byte %d", copy, file, difference);
                }
            } catch (IOException e) {
                throw BlocksmithException.environment(e, "%s: cannot be compared: %s", copy, Reason.of(e));
            }
        }
    }

    private static List<Path> companions(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Files::isRegularFile)
                    .filter(path -> isCompanion(path.getFileName().toString()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be listed: %s", folder, Reason.of(e));
        }
    }

    private static boolean isCompanion(String name) {
        return name.startsWith("tokenizer") || name.endsWith(".model") || COMPANIONS.contains(name);
    }
}
