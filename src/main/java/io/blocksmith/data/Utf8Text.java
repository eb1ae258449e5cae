package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens texts as Python's {@code utf-8-sig} does: a byte order mark at the start is no part of the text. */
final class Utf8Text {
    private Utf8Text() {}

    /**
     * The text of {@code file} behind its mark, if it has one.
     *
     * @throws BlocksmithException USER, when the mark is that of UTF-16 or UTF-32, or the file a pointer of Git LFS
     */
    static BufferedReader open(Path file) throws IOException {
        ForeignContent.requireText(file);
        PushbackInputStream bytes = new PushbackInputStream(Files.newInputStream(file), 3);
        try {
            byte[] start = bytes.readNBytes(3);
            if (start.length >= 2
                    && ((start[0] == (byte) 0xFF && start[1] == (byte) 0xFE)
                            || (start[0] == (byte) 0xFE && start[1] == (byte) 0xFF))) {
                throw BlocksmithException.user(
                        "%s: is UTF-16 or UTF-32 text, by its byte order mark, as Windows writes it; convert it to"
                                + " UTF-8",
                        file);
            }
            boolean marked =
                    start.length == 3 && start[0] == (byte) 0xEF && start[1] == (byte) 0xBB && start[2] == (byte) 0xBF;
            if (!marked) {
                bytes.unread(start);
            }
            return new BufferedReader(strict(bytes));
        } catch (IOException | RuntimeException failure) {
            bytes.close();
            throw failure;
        }
    }

    /** Fails on bytes that are not UTF-8, where a reader by character set would put question marks. */
    private static InputStreamReader strict(InputStream bytes) {
        return new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder());
    }
}
