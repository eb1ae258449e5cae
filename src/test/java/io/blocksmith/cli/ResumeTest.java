package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in a JVM that dies goes on where it was and ends in the bytes of an undisturbed run. */
class ResumeTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

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
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(tiny.quantize(run));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private void awaitCommit(Path run, String object) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.exists(run.resolve(object))) {
            assertThat(System.nanoTime())
                    .as("waiting for %s; the log says: %s", object, Files.readString(folder.resolve("log")))
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
