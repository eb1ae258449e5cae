package io.blocksmith.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.demo.BytePairTokenizer.Pair;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A {@link BytePairTokenizer} as the {@code tokenizer.json} of Hugging Face's tokenizers library. */
final class TokenizerFile {
    static final String NAME = "tokenizer.json";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FRAME = """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
         "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
         "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
         "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                   "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": {}, "merges": []}}
        """;

    private TokenizerFile() {}

    static void write(BytePairTokenizer tokenizer, Path folder) {
        JsonNode root = frame();
        List<String> tokens = tokenizer.tokens();
        ArrayNode added = (ArrayNode) root.path("added_tokens");
        for (int id = 0; id < BytePairTokenizer.SPECIAL.size(); id++) {
            added.addObject()
                    .put("id", id)
                    .put("content", tokens.get(id))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        ObjectNode vocabulary = (ObjectNode) root.path("model").path("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode merges = (ArrayNode) root.path("model").path("merges");
        // No token holds a blank: the byte 32 is spelled U+0120.
        tokenizer
                .merges()
                .forEach(merge -> merges.add(tokens.get(merge.pair().left()) + " "
                        + tokens.get(merge.pair().right())));
        JsonFile.write(folder.resolve(NAME), root);
    }

    /** The tokenizer that {@link #write} put into {@code folder}. */
    static BytePairTokenizer read(Path folder) {
        Path file = folder.resolve(NAME);
        JsonNode model;
        try {
            model = JSON.readTree(file.toFile()).path("model");
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
        List<Pair> pairs = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            String[] parts = merge.asText().split(" ");
            pairs.add(new Pair(
                    model.path("vocab").path(parts[0]).asInt(),
                    model.path("vocab").path(parts[1]).asInt()));
        }
        BytePairTokenizer tokenizer = new BytePairTokenizer(pairs);
        for (int id = 0; id < tokenizer.size(); id++) {
            if (model.path("vocab").path(tokenizer.tokens().get(id)).asInt(-1) != id) {
                throw BlocksmithException.user(
                        "%s: expected a tokenizer that this project made, found token %s under another id than %d",
                        file, tokenizer.tokens().get(id), id);
            }
        }
        return tokenizer;
    }

    private static JsonNode frame() {
        try {
            return JSON.readTree(FRAME);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("frame of %s: %s", NAME, e.getMessage());
        }
    }
}
