package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.TinyRecipe;
import io.blocksmith.chaos.Waits;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run whose disk is full, or cannot be written, for a while: it keeps what it has, waits, and goes on by itself. */
class FullDiskTest {
    private static final int MEGABYTES = 400;

    @TempDir
    static Path folder;

    private static TinyRun tiny;
    private static SortedMap<String, String> expected;

    private SmallDisk disk;
    private PrintStream realErr;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    /** Trouble comes once. */
    private final AtomicBoolean struck = new AtomicBoolean();

    @BeforeAll
    static void undisturbed() {
        tiny = TinyRun.in(folder, TinyModel.config(3), TensorType.F32);
        WatchedRun.run(tiny, folder.resolve("undisturbed"), List.of(), _ -> {});
        expected = TinyRecipe.exports(folder.resolve("undisturbed"));
    }

    @BeforeEach
    void mount() {
        try {
            disk = SmallDisk.mount(folder.resolve("disk"), MEGABYTES);
        } catch (SmallDisk.Refused refused) {
            Assumptions.abort(refused.getMessage());
        }
        realErr = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void unmount() {
        if (disk != null) {
            System.setErr(realErr);
            disk.close();
        }
    }

    @Test
    @Timeout(900)
    void fullWhileABlockTrains() throws Exception {
        CompletableFuture<RunState> run = start(FullDiskTest::isTraining, () -> {
            awaitCheckpoint();
            disk.fill();
        });

        awaitSaid(run, "the last good one is after step");
        awaitRest(run);
        assertThat(runFolder().resolve("blocks/001/attempt-1"))
                .isDirectoryRecursivelyContaining(file -> file.endsWith("checkpoint.json"));
        disk.free();

        assertGoesOn(run, Category.STORE_FULL);
    }

    @Test
    @Timeout(900)
    void fullWhenABlockIsToBeCommitted() throws Exception {
        CompletableFuture<RunState> run = start(
                // The last block of a segment leaves no hidden states.
                progress -> progress.ticket().stage().equals(new TrainBlock(0))
                        && progress.phase().equals("propagate"),
                () -> disk.fill());

        awaitRest(run);
        disk.free();

        assertGoesOn(run, Category.STORE_FULL);
    }

    @Test
    @Timeout(900)
    void readOnlyWhileABlockTrains() throws Exception {
        CompletableFuture<RunState> run = start(FullDiskTest::isTraining, () -> {
            awaitCheckpoint();
            disk.makeReadOnly(runFolder());
        });

        // Not even that can be written down; each try waits longer than the one before.
        awaitSaid(run, "the ledger: ");
        awaitSaid(run, "again in 4 s");
        assertThat(events()).noneMatch(RunPaused.class::isInstance);
        disk.makeWritable();

        assertGoesOn(run, Category.STORE_UNAVAILABLE);
    }

    private Path runFolder() {
        return disk.root().resolve("run");
    }

    /** Some steps before have been saved, or are about to be; more steps follow. */
    private static boolean isTraining(Progress progress) {
        return progress.ticket().stage().equals(new TrainBlock(1))
                && progress.phase().equals("train")
                && progress.step() == 3;
    }

    /** Called on the device thread, which saves nothing more meanwhile. */
    private void awaitCheckpoint() {
        Waits.until(
                "a checkpoint",
                () -> RunSnapshots.files(runFolder().resolve("blocks/001")).stream()
                        .anyMatch(file -> file.endsWith("checkpoint.json")));
    }

    private CompletableFuture<RunState> start(Predicate<Progress> when, Runnable trouble) {
        CompletableFuture<RunState> ended = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        ended.complete(WatchedRun.run(tiny, runFolder(), List.of(), progress -> {
                            if (when.test(progress) && struck.compareAndSet(false, true)) {
                                trouble.run();
                            }
                        }));
                    } catch (RuntimeException | Error failure) {
                        ended.completeExceptionally(failure);
                    }
                },
                "run");
        thread.setDaemon(true);
        thread.start();
        return ended;
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private void awaitSaid(CompletableFuture<RunState> run, String words) {
        Waits.until("'%s' in the log".formatted(words), () -> {
            assertThat(run).as(this::said).isNotDone();
            return said().contains(words);
        });
    }

    /** The run is paused, or cannot even write that down. */
    private void awaitRest(CompletableFuture<RunState> run) {
        Waits.until("a rest", () -> {
            assertThat(run).as(this::said).isNotDone();
            return said().contains("the ledger: ") || events().stream().anyMatch(RunPaused.class::isInstance);
        });
    }

    private List<Event> events() {
        return new Ledger(DirectoryStore.open(runFolder())).events();
    }

    private void assertGoesOn(CompletableFuture<RunState> run, Category category) throws Exception {
        assertThat(run.get(5, TimeUnit.MINUTES).phase()).as(this::said).isEqualTo(RunState.Phase.COMPLETED);
        assertThat(TinyRecipe.exports(runFolder())).isEqualTo(expected);
        List<Event> events = events();
        assertThat(events)
                .filteredOn(StageFailed.class::isInstance)
                .allSatisfy(
                        event -> assertThat(((StageFailed) event).category()).isEqualTo(category))
                .isNotEmpty();
        assertThat(events)
                .filteredOn(RunPaused.class::isInstance)
                .allSatisfy(event -> assertThat(((RunPaused) event).cause()).isEqualTo(RestCause.STORE))
                .isNotEmpty();
        assertThat(events).anyMatch(RunResumed.class::isInstance);
    }
}
