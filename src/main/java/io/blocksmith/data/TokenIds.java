package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.util.function.IntConsumer;

/** Token ids as decimal numbers separated by white space; no BOS is added. */
final class TokenIds extends TokenSource {
    /** No token id is longer; what is longer is cut off in the message. */
    private static final int LONGEST_WORD = 20;

    private final int vocabulary;

    TokenIds(Path file, int vocabulary) {
        super(file);
        this.vocabulary = vocabulary;
    }

    @Override
    void read(IntConsumer sink) throws IOException {
        try (Reader text = Utf8Text.open(file())) {
            StringBuilder word = new StringBuilder(LONGEST_WORD);
            long line = 1;
            for (int next = text.read(); next >= 0; next = text.read()) {
                if (!Character.isWhitespace(next)) {
                    word.append((char) next);
                    if (word.length() > LONGEST_WORD) {
                        throw notANumber(word, line);
                    }
                    continue;
                }
                emit(word, line, sink);
                if (next == '\n') {
                    line++;
                }
            }
            emit(word, line, sink);
        }
    }

    private void emit(StringBuilder word, long line, IntConsumer sink) {
        if (word.isEmpty()) {
            return;
        }
        long token;
        try {
            token = Long.parseLong(word, 0, word.length(), 10);
        } catch (NumberFormatException e) {
            throw notANumber(word, line);
        }
        if (token < 0 || token >= vocabulary) {
            throw BlocksmithException.user(
                    "%s:%d: token id %d is outside the model's vocabulary; expected 0 to %d",
                    file(), line, token, vocabulary - 1);
        }
        sink.accept((int) token);
        word.setLength(0);
    }

    private BlocksmithException notANumber(CharSequence word, long line) {
        return BlocksmithException.user(
                "%s:%d: expected token ids separated by white space, found \"%s\"", file(), line, word);
    }
}
