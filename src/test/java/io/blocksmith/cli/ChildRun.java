package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A command line in a JVM of its own, ended with the test.
 *
 * @param log what it writes
 */
public record ChildRun(Process process, Path log) implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    public static ChildRun start(Path log, List<String> arguments) {
        return start(log, Main.class, arguments);
    }

    /**
     * A run behind a gate, where a {@link Fault} holds it.
     *
     * @param gate an existing folder
     * @param quantize the command line, {@code quantize} included
     */
    public static ChildRun gated(Path gate, Path log, List<String> quantize) {
        List<String> arguments = new ArrayList<>(List.of(gate.toString()));
        arguments.addAll(quantize);
        return start(log, GatedNode.class, arguments);
    }

    private static ChildRun start(Path log, Class<?> main, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            return new ChildRun(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the condition, with a deadline; fails when the process ends before. */
    public void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(process.isAlive() || condition.getAsBoolean())
                    .as("waiting for %s; the log says: %s", what, text())
                    .isTrue();
            assertThat(System.nanoTime())
                    .as("waiting for %s; the log says: %s", what, text())
                    .isLessThan(deadline);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    /** Waits until this run, which is gated, is held. */
    public void awaitHeld(Fault fault) {
        await("a point where it is held", fault::isHeld);
    }

    public int exitCode() {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("ends; the log says: %s", text())
                    .isTrue();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    public String text() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        exitCode();
    }
}
