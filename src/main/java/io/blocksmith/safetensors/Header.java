package io.blocksmith.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, checked as the reference implementation checks it: known types, shapes that
 * multiply without overflow to the bytes between the offsets, offsets contiguous from 0 to the end of the data, no
 * duplicate names.
 */
record Header(Map<String, TensorInfo> tensors, Map<String, String> metadata, long dataBytes) {
    /** Limit of the reference implementation. */
    static final long LARGEST = 100_000_000;

    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());

    static Header parse(Path file, byte[] json) {
        JsonNode root = tree(file, json);
        if (!root.isObject()) {
            throw BlocksmithException.user("%s: the safetensors header is not a JSON object", file);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> entries = new ArrayList<>();
        root.properties().forEach(field -> {
            if (field.getKey().equals("__metadata__")) {
                field.getValue()
                        .properties()
                        .forEach(pair ->
                                metadata.put(pair.getKey(), pair.getValue().asText()));
            } else {
                entries.add(entry(file, field.getKey(), field.getValue()));
            }
        });
        entries.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        return new Header(
                inOrder(file, entries),
                metadata,
                entries.isEmpty() ? 0 : entries.getLast().end());
    }

    private static JsonNode tree(Path file, byte[] json) {
        try (JsonParser parser = JSON.createParser(json)) {
            return JSON.readTree(parser);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user(
                    "%s: the safetensors header is not valid JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    private static TensorInfo entry(Path file, String name, JsonNode node) {
        JsonNode offsets = node.path("data_offsets");
        JsonNode dimensions = node.path("shape");
        boolean wellFormed = offsets.isArray()
                && offsets.size() == 2
                && offsets.get(0).isIntegralNumber()
                && offsets.get(1).isIntegralNumber()
                && dimensions.isArray()
                && node.path("dtype").isTextual();
        if (!wellFormed) {
            throw BlocksmithException.user(
                    "%s: tensor %s: expected dtype, shape and two data_offsets in its header entry, found %s",
                    file, name, node);
        }
        List<Long> shape = new ArrayList<>();
        for (JsonNode dimension : dimensions) {
            if (!dimension.isIntegralNumber() || dimension.asLong() < 0) {
                throw BlocksmithException.user(
                        "%s: tensor %s: shape %s is not a list of sizes", file, name, dimensions);
            }
            shape.add(dimension.asLong());
        }
        long begin = offsets.get(0).asLong();
        long end = offsets.get(1).asLong();
        TensorInfo info =
                new TensorInfo(name, type(file, name, node.get("dtype").asText()), shape, begin, end);
        requireSize(file, info);
        return info;
    }

    private static TensorType type(Path file, String name, String dtype) {
        try {
            return TensorType.valueOf(dtype);
        } catch (IllegalArgumentException e) {
            throw BlocksmithException.user(
                    "%s: tensor %s: unknown dtype %s; known are %s", file, name, dtype, List.of(TensorType.values()));
        }
    }

    private static void requireSize(Path file, TensorInfo info) {
        long expected;
        try {
            expected = info.bytes();
        } catch (ArithmeticException e) {
            throw BlocksmithException.user(
                    "%s: tensor %s: shape %s overflows 64 bits", file, info.name(), info.shapeText());
        }
        if (info.begin() < 0 || info.end() - info.begin() != expected) {
            throw BlocksmithException.user(
                    "%s: tensor %s: %s %s needs %d bytes, its data_offsets [%d, %d] hold %d",
                    file,
                    info.name(),
                    info.type(),
                    info.shapeText(),
                    expected,
                    info.begin(),
                    info.end(),
                    info.end() - info.begin());
        }
    }

    private static Map<String, TensorInfo> inOrder(Path file, List<TensorInfo> entries) {
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        TensorInfo previous = null;
        long position = 0;
        for (TensorInfo info : entries) {
            if (info.begin() != position) {
                throw BlocksmithException.user(
                        "%s: tensor %s: data begins at %d, expected %d right after %s; the file has %s",
                        file,
                        info.name(),
                        info.begin(),
                        position,
                        previous == null ? "the header" : previous.name(),
                        info.begin() < position ? "overlapping tensors" : "a hole");
            }
            tensors.put(info.name(), info);
            position = info.end();
            previous = info;
        }
        return tensors;
    }
}
