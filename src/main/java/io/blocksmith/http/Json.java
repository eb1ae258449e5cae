package io.blocksmith.http;

import akka.util.ByteString;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.util.Set;

/** JSON of answers and request bodies. */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private Json() {}

    /** Maps, lists, texts and numbers on one line of UTF-8. */
    static byte[] write(Object tree) {
        try {
            return MAPPER.writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("cannot write an answer as JSON: %s", e.getMessage());
        }
    }

    /**
     * The body of a request: an object with no other keys than these. An empty body is an empty object.
     *
     * @throws Refusal otherwise
     */
    static JsonNode body(ByteString content, Set<String> keys) {
        String expected = keys.isEmpty() ? "no body, or {}" : "a JSON object with the keys " + String.join(", ", keys);
        if (content.isEmpty()) {
            return MAPPER.createObjectNode();
        }
        JsonNode tree;
        try {
            tree = MAPPER.readTree(content.toArray());
        } catch (JsonProcessingException malformed) {
            throw Refusal.of(400, "the body of the request is not valid JSON")
                    .expected(expected)
                    .found("no JSON at line %d, column %d"
                            .formatted(
                                    malformed.getLocation().getLineNr(),
                                    malformed.getLocation().getColumnNr()));
        } catch (IOException unexpected) {
            throw BlocksmithException.defect("reading from memory failed: %s", Reason.of(unexpected));
        }
        if (!tree.isObject()) {
            throw Refusal.of(400, "the body of the request is no JSON object").expected(expected);
        }
        tree.fieldNames().forEachRemaining(key -> {
            if (!keys.contains(key)) {
                throw Refusal.of(400, "the body of the request has a key that means nothing here")
                        .expected(expected)
                        .found(key);
            }
        });
        return tree;
    }
}
