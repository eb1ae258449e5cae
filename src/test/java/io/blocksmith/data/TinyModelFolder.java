package io.blocksmith.data;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A model folder with a byte-level BPE tokenizer made by hand: id 0 is {@code <s>}, byte b is id b + 1, then the
 * merges "he" (257) and "ll" (258). Truncation, padding and a BOS template are switched on in the file: ours must
 * override them.
 */
final class TinyModelFolder {
    static final int VOCABULARY = 259;
    static final int BOS = 0;
    static final int HE = 257;
    static final int LL = 258;

    private static final ObjectMapper JSON = new ObjectMapper();

    private TinyModelFolder() {}

    /** Writes the folder; {@code configJson} is the whole config.json. */
    static Path write(Path folder, String configJson) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), configJson);
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer());
        return folder;
    }

    static Path write(Path folder) throws IOException {
        return write(folder, "{\"bos_token_id\": 0}");
    }

    /** Takes the post-processor out of the folder's tokenizer. */
    static void withoutPostProcessor(Path folder) throws IOException {
        ObjectNode root = tokenizer();
        root.putNull("post_processor");
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), root);
    }

    /** The id of a character of one byte. */
    static int id(char character) {
        return character + 1;
    }

    private static ObjectNode tokenizer() throws IOException {
        ObjectNode vocabulary = JSON.createObjectNode().put("<s>", BOS);
        int shifted = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value > 32 && value < 127) || (value > 160 && value != 173);
            vocabulary.put(String.valueOf((char) (printable ? value : shifted++)), value + 1);
        }
        vocabulary.put("he", HE).put("ll", LL);
        ArrayNode merges = JSON.createArrayNode().add("h e").add("l l");

        ObjectNode root = JSON.createObjectNode().put("version", "1.0");
        root.set(
                "truncation",
                JSON.readTree("{\"direction\":\"Right\",\"max_length\":4,\"strategy\":\"LongestFirst\",\"stride\":0}"));
        root.set(
                "padding",
                JSON.readTree("{\"strategy\":{\"Fixed\":16},\"direction\":\"Right\",\"pad_to_multiple_of\":null,"
                        + "\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"<s>\"}"));
        root.set(
                "added_tokens",
                JSON.readTree("[{\"id\":0,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                        + "\"normalized\":false,\"special\":true}]"));
        root.putNull("normalizer");
        root.set(
                "pre_tokenizer",
                JSON.readTree(
                        "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}"));
        root.set(
                "post_processor",
                JSON.readTree("{\"type\":\"TemplateProcessing\","
                        + "\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},"
                        + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"
                        + "\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
                        + "{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],"
                        + "\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[0],\"tokens\":[\"<s>\"]}}}"));
        root.set(
                "decoder",
                JSON.readTree(
                        "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}"));
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.set("vocab", vocabulary);
        model.set("merges", merges);
        return root;
    }
}
