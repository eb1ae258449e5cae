package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Fault;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Event;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** People steer a run in another JVM through its folder, and it ends in the bytes of one that nobody touched. */
class ControlTest {
    private static final String[] WATCHFUL = {"--set", "cluster.look-every=50ms"};

    /** Block 0 is done and much is left to do, however fast the run is; an attempt that is cancelled goes on from here. */
    private static final String AMID_BLOCK_1 = "step block-001 train step 3 saved .*";

    @TempDir
    static Path shared;

    private static TinyRun tiny;
    private static Path undisturbed;

    @TempDir
    Path folder;

    private Path run;
    private Fault held;

    @BeforeAll
    static void runUndisturbed() {
        tiny = TinyRun.in(shared, TinyModel.config(6), TensorType.F32);
        undisturbed = shared.resolve("undisturbed");
        CommandLineRun result = tiny.run(undisturbed, WATCHFUL);
        assertThat(result.exitCode()).as(result.err()).isZero();
    }

    @BeforeEach
    void nameRun() throws IOException {
        run = folder.resolve("run");
        held = Fault.arm(Files.createDirectory(folder.resolve("gate")), AMID_BLOCK_1);
    }

    @Test
    void aPausedRunStartsNothingUntilItIsResumed() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);

            CommandLineRun paused = ask("pause");

            assertThat(paused.exitCode()).as(paused.err() + child.text()).isZero();
            assertThat(paused.out()).contains("paused; nothing runs");
            int events = events().size();
            long beat = beat();
            child.await("two heartbeats more", () -> beat() > beat + 1);
            assertThat(events()).hasSize(events);
            assertThat(CommandLineRun.of("status", run.toString()).out()).contains("paused since", "paused by");

            assertThat(ask("resume").exitCode()).isZero();
            assertThat(child.exitCode()).as(child.text()).isZero();
        }
        assertSameExports();
    }

    @Test
    void aCancelledRunIsNotToBeRequeuedAndGoesOnWhenStartedAgain() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);

            CommandLineRun cancelled = ask("cancel");

            assertThat(cancelled.exitCode()).as(cancelled.err() + child.text()).isZero();
            assertThat(cancelled.out()).contains("cancelled");
            assertThat(child.exitCode()).isEqualTo(93);
        }
        assertThat(new Ledger(DirectoryStore.open(run)).read().phase()).isEqualTo(Phase.STOPPED);
        assertThat(CommandLineRun.of("status", run.toString()).out()).contains("stopped since", "cancelled by");

        assertThat(tiny.run(run, WATCHFUL).exitCode()).isZero();
        assertSameExports();
    }

    @Test
    void drainingTheOnlyWorkerLetsTheRunWaitUntilItIsUndrained() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);

            CommandLineRun drained = ask("drain", "embedded");

            assertThat(drained.exitCode()).as(drained.err() + child.text()).isZero();
            assertThat(drained.out()).contains("embedded is drained");
            // Who is drained is told with the next heartbeat.
            child.await(
                    "status to tell of it",
                    () -> CommandLineRun.of("status", run.toString()).out().contains("drained"));
            int events = events().size();
            long beat = beat();
            child.await("two heartbeats more", () -> beat() > beat + 1);
            assertThat(events()).hasSize(events);

            assertThat(ask("undrain", "embedded").exitCode()).isZero();
            assertThat(child.exitCode()).as(child.text()).isZero();
        }
        assertSameExports();
    }

    @Test
    void aBlockIsTrainedAfreshOnRequestAndLeavesTheSameBytes() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);

            assertThat(ask("retry", "0").err()).contains("block-000 has its result: give --yes");
            CommandLineRun retried = ask("retry", "0", "--yes");

            assertThat(retried.exitCode()).as(retried.err() + child.text()).isZero();
            assertThat(retried.out()).contains("block-000 starts afresh");
            held.release();
            assertThat(child.exitCode()).as(child.text()).isZero();
        }
        assertThat(run.resolve("blocks/000/attempt-2")).exists();
        assertSameExports();
    }

    @Test
    void aRequestThatNobodyCanFulfilWaitsAndIsSaidTo() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);
        }

        CommandLineRun paused = ask("pause");

        assertThat(paused.exitCode()).isEqualTo(1);
        assertThat(paused.err()).contains("nobody supervises it; the request waits for the next start");
        assertThat(CommandLineRun.of("status", run.toString()).out()).contains("pause by", "is gone without");
    }

    @Test
    void aProcessThatWasKilledNeedsNoTakeover() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);
        }

        assertThat(tiny.run(run, WATCHFUL).exitCode()).isZero();
        assertSameExports();
    }

    @Test
    void aSecondStartIsRefusedWithTheHoldersName() throws IOException {
        try (ChildRun child = start()) {
            child.awaitHeld(held);

            CommandLineRun second = tiny.run(run, WATCHFUL);

            assertThat(second.exitCode()).isEqualTo(1);
            assertThat(second.errorLine())
                    .contains("is held by", "process " + child.process().pid(), "alive");
        }
    }

    private ChildRun start() {
        return ChildRun.gated(folder.resolve("gate"), folder.resolve("log"), tiny.quantize(run, WATCHFUL));
    }

    private CommandLineRun ask(String command, String... more) {
        return CommandLineRun.of(Stream.concat(Stream.of(command, run.toString(), "--timeout", "120"), Stream.of(more))
                .toArray(String[]::new));
    }

    private List<Event> events() {
        return new Ledger(DirectoryStore.open(run)).events();
    }

    private long beat() {
        return LiveStatus.read(DirectoryStore.open(run)).orElseThrow().beat();
    }

    private void assertSameExports() throws IOException {
        try (Stream<Path> files = Files.walk(undisturbed.resolve("export"))) {
            List<Path> exported = files.filter(Files::isRegularFile).toList();
            assertThat(exported).hasSizeGreaterThan(4);
            for (Path file : exported) {
                assertThat(run.resolve(undisturbed.relativize(file))).hasSameBinaryContentAs(file);
            }
        }
    }
}
