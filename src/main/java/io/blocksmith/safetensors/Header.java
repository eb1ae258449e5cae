package io.blocksmith.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
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

    /** Far more than any model's file has; each takes memory here. */
    private static final int MOST_TENSORS = 200_000;

    private static final int MOST_METADATA = 10_000;
    private static final int MOST_DIMENSIONS = 32;

    /** Of all objects of a header: what is passed over is held as well, to find keys that come twice. */
    private static final int MOST_KEYS = 1_000_000;

    private static final int LONGEST_SHOWN = 40;

    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    /** Reads the header in one pass; what it keeps is bounded, however long the header is. */
    static Header parse(Path file, byte[] json) {
        try (JsonParser parser = JSON.createParser(json)) {
            return parse(file, parser);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user(
                    "%s: the safetensors header is not valid JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    private static Header parse(Path file, JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw BlocksmithException.user("%s: the safetensors header is not a JSON object", file);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> entries = new ArrayList<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("__metadata__")) {
                metadata(file, parser, value, metadata);
            } else if (entries.size() == MOST_TENSORS) {
                throw BlocksmithException.user(
                        "%s: more than %d tensors in its header; no file of a model has so many", file, MOST_TENSORS);
            } else {
                entries.add(entry(file, name, parser, value));
            }
        }
        if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
            throw BlocksmithException.user("%s: the safetensors header is more than one JSON object", file);
        }
        entries.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        return new Header(
                inOrder(file, entries),
                metadata,
                entries.isEmpty() ? 0 : entries.getLast().end());
    }

    private static void metadata(Path file, JsonParser parser, JsonToken start, Map<String, String> metadata)
            throws IOException {
        if (start != JsonToken.START_OBJECT) {
            skip(file, parser);
            return;
        }
        int keys = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            if (parser.nextToken().isScalarValue()) {
                metadata.put(key, parser.getText());
            } else {
                skip(file, parser);
            }
            if (++keys > MOST_METADATA) {
                throw BlocksmithException.user(
                        "%s: more than %d entries of __metadata__ in its header", file, MOST_METADATA);
            }
        }
    }

    private static TensorInfo entry(Path file, String name, JsonParser parser, JsonToken start) throws IOException {
        String dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        int others = 0;
        if (start == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                JsonToken value = parser.nextToken();
                if (key.equals("dtype") && value == JsonToken.VALUE_STRING) {
                    dtype = parser.getText();
                } else if (key.equals("shape") && value == JsonToken.START_ARRAY) {
                    shape = sizes(file, name, key, parser, MOST_DIMENSIONS);
                } else if (key.equals("data_offsets") && value == JsonToken.START_ARRAY) {
                    offsets = sizes(file, name, key, parser, 2);
                } else if (++others > MOST_KEYS) {
                    throw BlocksmithException.user("%s: an entry of more than %d keys in its header", file, MOST_KEYS);
                } else {
                    skip(file, parser);
                }
            }
        } else {
            skip(file, parser);
        }
        if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
            throw BlocksmithException.user(
                    "%s: tensor %s: expected dtype, shape and two data_offsets in its header entry", file, name);
        }
        TensorInfo info = new TensorInfo(name, type(file, name, dtype), shape, offsets.get(0), offsets.get(1));
        requireSize(file, info);
        return info;
    }

    /** Passes over a value, whose keys are bounded too. */
    private static void skip(Path file, JsonParser parser) throws IOException {
        if (!parser.currentToken().isStructStart()) {
            return;
        }
        int keys = 0;
        for (int depth = 1; depth > 0; ) {
            JsonToken token = parser.nextToken();
            if (token == null || (token == JsonToken.FIELD_NAME && ++keys > MOST_KEYS)) {
                throw BlocksmithException.user("%s: an object of more than %d keys in its header", file, MOST_KEYS);
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        }
    }

    private static List<Long> sizes(Path file, String name, String key, JsonParser parser, int most)
            throws IOException {
        List<Long> sizes = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            boolean size = parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
                    && parser.getLongValue() >= 0;
            if (!size || sizes.size() == most) {
                throw BlocksmithException.user(
                        "%s: tensor %s: %s is not a list of sizes, at most %d", file, name, key, most);
            }
            sizes.add(parser.getLongValue());
        }
        return sizes;
    }

    private static TensorType type(Path file, String name, String dtype) {
        try {
            return TensorType.valueOf(dtype);
        } catch (IllegalArgumentException e) {
            throw BlocksmithException.user(
                    "%s: tensor %s: unknown dtype %s; known are %s",
                    file,
                    name,
                    dtype.length() <= LONGEST_SHOWN ? dtype : dtype.substring(0, LONGEST_SHOWN) + "...",
                    List.of(TensorType.values()));
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
