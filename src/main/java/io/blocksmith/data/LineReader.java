package io.blocksmith.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;

/**
 * A text as lines that are read through, not collected: a line of any length takes no memory here. Call
 * {@link #nextLine()}, then read {@link #currentLine()}, which ends where the line does.
 */
final class LineReader implements Closeable {
    private final Reader source;
    private final char[] buffer = new char[1 << 16];
    private int position;
    private int limit;
    private long number;
    private boolean inLine;

    /** Owns {@code source}: closes it when this is closed. */
    LineReader(Reader source) {
        this.source = source;
    }

    /** Moves to the start of the next line; false at the end of the text. */
    boolean nextLine() throws IOException {
        while (inLine) {
            skipToEnd();
        }
        if (position == limit && !fill()) {
            return false;
        }
        number++;
        inLine = true;
        return true;
    }

    /** Number of the current line, from 1. */
    long number() {
        return number;
    }

    /** The rest of the current line without its end; closing it leaves the text open. */
    Reader currentLine() {
        return new Reader() {
            @Override
            public int read(char[] target, int offset, int length) throws IOException {
                return readInLine(target, offset, length);
            }

            @Override
            public void close() {}
        };
    }

    private int readInLine(char[] target, int offset, int length) throws IOException {
        if (!inLine || (position == limit && !fill())) {
            inLine = false;
            return -1;
        }
        int count = 0;
        while (count < length && position < limit) {
            char next = buffer[position++];
            if (next == '\n') {
                inLine = false;
                return count == 0 ? -1 : count;
            }
            target[offset + count++] = next;
        }
        return count;
    }

    private void skipToEnd() throws IOException {
        while (position < limit) {
            if (buffer[position++] == '\n') {
                inLine = false;
                return;
            }
        }
        inLine = fill();
    }

    private boolean fill() throws IOException {
        position = 0;
        limit = Math.max(0, source.read(buffer));
        return limit > 0;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
