package io.blocksmith.cli;

import io.blocksmith.failure.Printable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Passes UTF-8 on as {@link Printable} has it: everything that this process prints or logs goes through one. */
final class PrintableStream extends FilterOutputStream {
    /** The first bytes of a character whose others have not come yet. */
    private byte[] begun = new byte[0];

    PrintableStream(OutputStream out) {
        super(out);
    }

    /** A stream over {@code raw} that lets no control character through. */
    static PrintStream over(PrintStream raw) {
        return new PrintStream(new PrintableStream(raw), true, StandardCharsets.UTF_8);
    }

    @Override
    public void write(int single) throws IOException {
        write(new byte[] {(byte) single}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        byte[] all = Arrays.copyOf(begun, begun.length + length);
        System.arraycopy(bytes, offset, all, begun.length, length);
        int whole = all.length - incomplete(all);
        begun = Arrays.copyOfRange(all, whole, all.length);
        out.write(
                Printable.of(new String(all, 0, whole, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8));
    }

    /** How many bytes at the end begin a character of more. */
    private static int incomplete(byte[] bytes) {
        for (int back = 1; back <= Math.min(3, bytes.length); back++) {
            int lead = bytes[bytes.length - back] & 0xFF;
            if (lead >= 0xC0) {
                int size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
                return back < size ? back : 0;
            }
            if (lead < 0x80) {
                return 0;
            }
        }
        return 0;
    }
}
