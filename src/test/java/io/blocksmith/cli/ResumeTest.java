package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Fault;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run in a JVM that dies goes on where it was and ends in the bytes of an undisturbed run. */
class ResumeTest {
    @TempDir
    Path folder;

    private Path gate;

    @BeforeEach
    void makeTheGate() throws IOException {
        gate = Files.createDirectory(folder.resolve("gate"));
    }

    @Test
    void aRunKilledInABlockEndsInTheBytesOfAnUndisturbedRun() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.everyOption(6), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed).exitCode()).isZero();

        Path killed = folder.resolve("killed");
        Fault amidBlock = Fault.arm(gate, "step block-001 train step 3 saved .*");
        try (ChildRun child = start(tiny.quantize(killed))) {
            child.awaitHeld(amidBlock);
        }
        assertThat(killed.resolve("report.html")).doesNotExist();

        CommandLineRun resumed =
                CommandLineRun.of("quantize", "--out", killed.toString(), "--set", "compute.threads=2");

        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        assertThat(resumed.err()).doesNotContain("block 1/6").contains("block 6/6");
        assertSameExports(undisturbed, killed);
    }

    @Test
    void aRunKilledAfterACheckpointGoesOnFromItAndEndsInTheBytesOfAnUndisturbedRun() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed).exitCode()).isZero();

        Path killed = folder.resolve("killed");
        Fault afterASave = Fault.arm(gate, "step block-001 train step 3 saved .*");
        try (ChildRun child = start(tiny.quantize(killed, "--set", "checkpoint.interval=1ms"))) {
            child.awaitHeld(afterASave);
            child.await("a checkpoint", () -> isSaved(killed.resolve("blocks/001")));
        }
        assertThat(killed.resolve("blocks/001/attempt-1/block.safetensors")).doesNotExist();

        assertThat(tiny.run(killed).exitCode()).isZero();
        assertSameExports(undisturbed, killed);
    }

    @Test
    void aSignalStopsAfterTheStepAndTheSameCommandGoesOn() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(6), TensorType.F32);
        Path undisturbed = folder.resolve("undisturbed");
        assertThat(tiny.run(undisturbed).exitCode()).isZero();

        Path stopped = folder.resolve("stopped");
        Fault amidBlock = Fault.arm(gate, "step block-002 train step 3 saved .*");
        try (ChildRun child = start(tiny.quantize(stopped))) {
            child.awaitHeld(amidBlock);
            child.process().destroy();
            assertThat(child.exitCode()).isEqualTo(143);
            assertThat(child.text()).contains("stopped: stopped by a signal");
        }

        assertThat(tiny.run(stopped).exitCode()).isZero();
        assertSameExports(undisturbed, stopped);
    }

    @Test
    void aSecondStartOnALiveRunIsRefusedAndNamesTheProcessThatHoldsIt() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(6), TensorType.F32);
        Path run = folder.resolve("run");
        Fault amidBlock = Fault.arm(gate, "step block-001 train step 3 saved .*");
        try (ChildRun child = start(tiny.quantize(run))) {
            child.awaitHeld(amidBlock);

            CommandLineRun second = tiny.run(run);

            assertThat(second.exitCode()).isNotZero();
            assertThat(second.errorLine())
                    .contains(Long.toString(child.process().pid()));
        }
    }

    private ChildRun start(List<String> quantize) {
        return ChildRun.gated(gate, folder.resolve("log"), quantize);
    }

    private static boolean isSaved(Path block) {
        return RunSnapshots.files(block).stream().anyMatch(file -> file.endsWith("checkpoint.json"));
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
