package io.blocksmith.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * One command line run in this process.
 *
 * @param exitCode what the process would exit with
 * @param out what it wrote to stdout
 * @param err what it wrote to stderr
 */
public record CommandLineRun(int exitCode, String out, String err) {

    public static CommandLineRun of(String... arguments) {
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            int exitCode = Main.execute(arguments);
            return new CommandLineRun(
                    exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(realOut);
            System.setErr(realErr);
        }
    }

    /** The only line that an error may have, without logging. */
    public String errorLine() {
        return err.lines()
                .filter(line -> line.startsWith("blocksmith: "))
                .reduce((first, second) -> first + " AND " + second)
                .orElse("(no error line in: " + err + ")");
    }
}
