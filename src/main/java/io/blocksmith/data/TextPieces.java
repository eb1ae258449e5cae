package io.blocksmith.data;

import java.io.IOException;
import java.io.Reader;

/**
 * A text in pieces of bounded length that, put together, are the text again. A text that fits is one piece. A longer
 * one is cut after the last line end that visible text follows; without one, before the last space; without that,
 * between any two characters.
 */
final class TextPieces {
    private final Reader text;
    private final char[] buffer;
    private int filled;
    private boolean ended;

    /**
     * @param text stays the caller's to close
     * @param limit the longest piece, in UTF-16 units, at least 2
     */
    TextPieces(Reader text, int limit) {
        this.text = text;
        // One unit beyond the limit tells a text that just fits from one that goes on.
        this.buffer = new char[limit + 1];
    }

    /** The next piece, never empty; {@code null} at the end. */
    String next() throws IOException {
        while (!ended && filled < buffer.length) {
            int count = text.read(buffer, filled, buffer.length - filled);
            ended = count < 0;
            filled += Math.max(0, count);
        }
        if (filled == 0) {
            return null;
        }
        int cut = filled < buffer.length ? filled : cut();
        String piece = new String(buffer, 0, cut);
        System.arraycopy(buffer, cut, buffer, 0, filled - cut);
        filled -= cut;
        return piece;
    }

    /** Where to cut a full buffer: from 1 to the limit. */
    private int cut() {
        int limit = buffer.length - 1;
        // Byte-level tokenizers join white space with the line ends before it, so only a line end that is
        // followed by something visible is a border of theirs too.
        for (int at = limit; at > 0; at--) {
            if (buffer[at - 1] == '\n' && !Character.isWhitespace(buffer[at])) {
                return at;
            }
        }
        for (int at = limit; at > 0; at--) {
            if (buffer[at] == ' ' && buffer[at - 1] != ' ') {
                return at;
            }
        }
        return Character.isSurrogatePair(buffer[limit - 1], buffer[limit]) ? limit - 1 : limit;
    }
}
