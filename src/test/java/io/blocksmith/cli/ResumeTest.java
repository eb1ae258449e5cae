package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in a JVM that dies goes on where it was and ends in the bytes of an undisturbed run. */
class ResumeTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Blocks of 240 steps, so that there is time to kill in the middle of one. */
    private static final String[] LONGER = {"--set", "block-ap.epochs=20"};

    private static final String[] SAVED_OFTEN = {"--set", "checkpoint.interval=5ms"};

    @TempDir
    Path folder;

    @Test
    void aRunKilledInABlockEndsInTheBytesOfAnUndisturbedRun() throws IOException, InterruptedException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.everyOption(6), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed).exitCode()).isZero();

        Path killed = folder.resolve("killed");
        Process child = start(tiny, killed);
        awaitCommit(killed, "blocks/001");
        child.destroyForcibly();
        assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(killed.resolve("report.html")).doesNotExist();

        CommandLineRun resumed =
                CommandLineRun.of("quantize", "--out", killed.toString(), "--set", "compute.threads=2");

        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        assertThat(resumed.err()).doesNotContain("block 1/6").contains("block 6/6");
        assertSameExports(undisturbed, killed);
    }

    @Test
    void aRunKilledAfterACheckpointGoesOnFromItAndEndsInTheBytesOfAnUndisturbedRun()
            throws IOException, InterruptedException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed, LONGER).exitCode()).isZero();

        Path killed = folder.resolve("killed");
        List<String> command = new ArrayList<>(tiny.quantize(killed, LONGER));
        command.addAll(List.of(SAVED_OFTEN));
        Process child = start(command);
        awaitCheckpoint(killed.resolve("blocks/001"));
        child.destroyForcibly();
        assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(killed.resolve("blocks/001/attempt-1/block.safetensors")).doesNotExist();

        assertThat(tiny.run(killed, LONGER).exitCode()).isZero();
        assertSameExports(undisturbed, killed);
    }

    @Test
    void aSignalStopsAfterTheStepAndTheSameCommandGoesOn() throws IOException, InterruptedException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(6), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed).exitCode()).isZero();

        Path stopped = folder.resolve("stopped");
        Process child = start(tiny, stopped);
        awaitCommit(stopped, "blocks/002");
        child.destroy();
        assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(child.exitValue()).isEqualTo(143);
        assertThat(folder.resolve("log")).content().contains("stopped: stopped by a signal");

        assertThat(tiny.run(stopped).exitCode()).isZero();
        assertSameExports(undisturbed, stopped);
    }

    @Test
    void aSecondStartOnALiveRunIsRefusedAndNamesTheProcessThatHoldsIt() throws IOException, InterruptedException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(6), TensorType.F32);
        Path run = folder.resolve("run");
        Process child = start(tiny, run);
        awaitCommit(run, "blocks/000");

        CommandLineRun second = tiny.run(run);

        child.destroyForcibly();
        assertThat(second.exitCode()).isNotZero();
        assertThat(second.errorLine()).contains(Long.toString(child.pid()));
        assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
    }

    private Process start(TinyRun tiny, Path run) throws IOException {
        return start(tiny.quantize(run));
    }

    private Process start(List<String> line) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(line);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private void awaitCommit(Path run, String object) throws IOException {
        await(run.resolve(object), Files::exists);
    }

    private void awaitCheckpoint(Path block) throws IOException {
        await(block, folder -> {
            try (Stream<Path> files = Files.exists(folder) ? Files.walk(folder) : Stream.empty()) {
                return files.anyMatch(file -> file.endsWith("checkpoint.json"));
            } catch (IOException | UncheckedIOException e) {
                // A folder of a superseded checkpoint went away under the walk.
                return false;
            }
        });
    }

    private void await(Path place, Predicate<Path> there) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!there.test(place)) {
            assertThat(System.nanoTime())
                    .as("waiting for %s; the log says: %s", place, Files.readString(folder.resolve("log")))
                    .isLessThan(deadline);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private static void assertSameExports(Path expected, Path actual) throws IOException {
        try (Stream<Path> files = Files.walk(expected.resolve("export"))) {
            List<Path> exported = files.filter(Files::isRegularFile).toList();
            assertThat(exported).hasSizeGreaterThan(4);
            for (Path file : exported) {
                assertThat(actual.resolve(expected.relativize(file))).hasSameBinaryContentAs(file);
            }
        }
    }
}
