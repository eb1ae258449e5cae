package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** One run of a program that is not ours; both its streams are one text. */
public record ToolRun(int exitCode, String text) {
    private static final long PATIENCE_MINUTES = 10;

    /** Skips the test, with a message, where there is no such program. */
    public static void assumeInstalled(String program, String whatFor) {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        Assumptions.assumeTrue(found, "%s is not installed: %s".formatted(program, whatFor));
    }

    /** Runs the command in {@code folder} to its end; its input is empty. */
    public static ToolRun of(Path folder, List<String> command) {
        Path log = null;
        try {
            log = Files.createTempFile("tool", ".log");
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            try {
                assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES))
                        .as("%s ends", command)
                        .isTrue();
            } finally {
                process.destroyForcibly();
            }
            return new ToolRun(process.exitValue(), Files.readString(log, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            delete(log);
        }
    }

    private static void delete(Path log) {
        try {
            if (log != null) {
                Files.deleteIfExists(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
