package io.blocksmith.data;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The ids that a model's tokenizer puts around each document, by transformers' rule: {@code add_bos_token} or
 * {@code add_eos_token} in {@code tokenizer_config.json} decide when either is there, else the post-processor of
 * {@code tokenizer.json}. A {@code bos_token_id} in {@code config.json} adds nothing.
 *
 * @param before ids before a document
 * @param after ids behind it
 */
record SpecialTokens(List<Integer> before, List<Integer> after) {
    private static final String PROBE = "a";

    SpecialTokens {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /**
     * Those of the tokenizer in {@code modelFolder}.
     *
     * @throws BlocksmithException USER, when a flag or a token cannot be read
     */
    static SpecialTokens of(Path modelFolder, HuggingFaceTokenizer tokenizer, int vocabulary) {
        Path file = modelFolder.resolve("tokenizer_config.json");
        JsonNode config = read(file);
        if (config.has("add_bos_token") || config.has("add_eos_token")) {
            return new SpecialTokens(
                    flag(file, config, "add_bos_token")
                            ? id(file, config, "bos_token", tokenizer, vocabulary)
                            : List.of(),
                    flag(file, config, "add_eos_token")
                            ? id(file, config, "eos_token", tokenizer, vocabulary)
                            : List.of());
        }
        return ofPostProcessor(file, tokenizer);
    }

    private static SpecialTokens ofPostProcessor(Path file, HuggingFaceTokenizer tokenizer) {
        List<Integer> plain = ids(tokenizer, PROBE, false);
        List<Integer> whole = ids(tokenizer, PROBE, true);
        for (int first = 0; first + plain.size() <= whole.size(); first++) {
            if (whole.subList(first, first + plain.size()).equals(plain)) {
                return new SpecialTokens(whole.subList(0, first), whole.subList(first + plain.size(), whole.size()));
            }
        }
        throw BlocksmithException.user(
                "%s: the post-processor of tokenizer.json makes %s of the ids %s; expected special tokens around them",
                file, whole, plain);
    }

    private static List<Integer> ids(HuggingFaceTokenizer tokenizer, String text, boolean special) {
        return Arrays.stream(tokenizer.encode(text, special, false).getIds())
                .mapToObj(Math::toIntExact)
                .toList();
    }

    private static JsonNode read(Path file) {
        ObjectMapper json = new ObjectMapper();
        if (!Files.isRegularFile(file)) {
            return json.createObjectNode();
        }
        try {
            ForeignContent.requireNone(file);
            return json.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user("%s: not valid JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    private static boolean flag(Path file, JsonNode config, String key) {
        JsonNode value = config.path(key);
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw BlocksmithException.user("%s: %s: expected true or false, found %s", file, key, value);
        }
        return value.asBoolean(false);
    }

    /** A token is a string, or an object whose {@code content} it is; without one there is none to add. */
    private static List<Integer> id(
            Path file, JsonNode config, String key, HuggingFaceTokenizer tokenizer, int vocabulary) {
        JsonNode value = config.path(key).isObject() ? config.path(key).path("content") : config.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        List<Integer> ids = value.isTextual() ? ids(tokenizer, value.asText(), false) : List.of();
        if (ids.size() != 1 || ids.getFirst() >= vocabulary) {
            throw BlocksmithException.user(
                    "%s: add_%s is true, but %s %s is no one token of tokenizer.json below %d",
                    file, key, key, value, vocabulary);
        }
        return ids;
    }
}
