package io.blocksmith.cli;

import io.blocksmith.failure.Printable;
import java.io.PrintStream;
import java.util.Optional;

/** The terminal at stderr, if it is one; Java cannot ask for stderr alone, so the launcher tells. */
final class Terminal {
    private static final String CLEAR_LINE = "\r\u001b[K";

    /** Stderr as the process got it; what is written there goes to the terminal as it is. */
    private static Optional<PrintStream> raw = Optional.empty();

    private Terminal() {}

    /** From now on what is printed or logged reaches no terminal but in printable characters. */
    static void guard() {
        raw = Optional.of(System.err);
        System.setOut(PrintableStream.over(System.out));
        System.setErr(PrintableStream.over(System.err));
    }

    /** For what draws: a progress bar. Text of others has to be made {@link Printable} first. */
    static PrintStream drawing() {
        return raw.orElse(System.err);
    }

    /** Replaces the line that is being drawn. */
    static void redraw(String text) {
        drawing().print(CLEAR_LINE + Printable.of(text));
        drawing().flush();
    }

    static boolean isInteractive() {
        return Boolean.getBoolean("blocksmith.terminal");
    }
}
