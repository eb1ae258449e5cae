package io.blocksmith.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/**
 * One JSON object a line, each {@code text} field a document; of two, the last counts, as in Python. Other fields and blank lines are passed over. One
 * document is in memory at a time, of at most 20 million characters (Jackson's bound on a string).
 */
final class JsonLinesTokens extends TokenSource {
    /** What Python's reader takes, too: NaN and infinities. */
    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final Path modelFolder;
    private final int vocabulary;

    JsonLinesTokens(Path file, Path modelFolder, int vocabulary) {
        super(file);
        this.modelFolder = modelFolder;
        this.vocabulary = vocabulary;
    }

    @Override
    void read(IntConsumer sink) throws IOException {
        try (TextTokenizer tokenizer = TextTokenizer.open(modelFolder, vocabulary);
                LineReader lines = new LineReader(Utf8Text.open(file()))) {
            while (lines.nextLine()) {
                tokenizer.document(new StringReader(text(lines)), sink);
            }
        }
    }

    /** The document in the current line; empty for a blank line. */
    private String text(LineReader lines) throws IOException {
        // Jackson closes what it reads from; the line's end is not the file's.
        try (JsonParser json = JSON.createParser(lines.currentLine())) {
            JsonToken start = json.nextToken();
            if (start == null) {
                return "";
            }
            if (start != JsonToken.START_OBJECT) {
                throw wrong(lines, "expected an object with a text field, found " + kind(start));
            }
            String text = null;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = json.currentName().equals("text");
                JsonToken value = json.nextToken();
                if (!wanted) {
                    json.skipChildren();
                } else if (value != JsonToken.VALUE_STRING) {
                    throw wrong(lines, "expected a string in the text field, found " + kind(value));
                } else {
                    text = json.getText();
                }
            }
            if (text == null) {
                throw wrong(lines, "expected a text field, found none");
            }
            if (json.nextToken() != null) {
                throw wrong(lines, "expected one object a line, found more behind it");
            }
            return text;
        } catch (JsonProcessingException e) {
            throw wrong(lines, "is not JSON: " + e.getOriginalMessage());
        }
    }

    private BlocksmithException wrong(LineReader lines, String what) {
        return BlocksmithException.user(
                "%s:%d: %s; expected lines like {\"text\": \"...\"}", file(), lines.number(), what);
    }

    /** What a value is called in a message; {@code null} is the end of the line. */
    private static String kind(JsonToken token) {
        return switch (token) {
            case null -> "the end of the line";
            case START_OBJECT, END_OBJECT -> "an object";
            case START_ARRAY, END_ARRAY -> "an array";
            case VALUE_STRING, FIELD_NAME -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            case NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT -> token.toString();
        };
    }
}
