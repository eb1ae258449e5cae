package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunsTest {
    @TempDir
    Path folder;

    @Test
    void aStageOfARunThatIsKnownByNameOnlyIsRunFromItsStore() {
        StagedRun run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(1, 4));
        Ticket ticket = run.start(new Capture(0, 0));
        try (Runs runs = runs()) {
            StageResult result = runs.run(new Assignment(ticket, Adjustment.NONE), StagedRun.QUIET);

            assertThat(result.objects()).isNotEmpty();
            assertThat(run.context().store().list("boundaries/"))
                    .hasSize(result.objects().size());
        }
    }

    @Test
    void aRunIsClosedWhenAStageOfAnotherComes() throws IOException {
        StagedRun run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(1, 4));
        Ticket ticket = run.start(new Capture(0, 0));
        Ticket another = new Ticket("other", new Capture(0, 0), 1, 1);
        try (Runs runs = runs()) {
            runs.run(new Assignment(ticket, Adjustment.NONE), StagedRun.QUIET);
            Path left = Files.createDirectories(folder.resolve("run/scratch/worker"));
            Files.writeString(left.resolve("shard"), "abc");

            assertThatThrownBy(() -> runs.run(new Assignment(another, Adjustment.NONE), StagedRun.QUIET))
                    .hasMessageContaining("other/spec.json");

            assertThat(left).doesNotExist();
        }
    }

    @Test
    void aRunThatWasNeverSubmittedIsNamed() {
        Ticket ticket = new Ticket("other", new Capture(0, 0), 1, 1);
        try (Runs runs = runs()) {
            assertThatThrownBy(() -> runs.run(new Assignment(ticket, Adjustment.NONE), StagedRun.QUIET))
                    .isInstanceOf(BlocksmithException.class)
                    .hasMessageContaining("other/spec.json");
        }
    }

    @Test
    void anAttemptThatWasReplacedTouchesNoObjectWithoutItsName() {
        StagedRun run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(1, 4));
        Ticket stale = run.start(new Report());
        run.ledger().read();
        run.ledger().append(new StageCancelled(Instant.EPOCH, stale, Evidence.NONE));
        run.start(new Report());

        assertThatThrownBy(() -> run.context().requireRunning(stale)).isInstanceOf(CancellationException.class);
    }

    private Runs runs() {
        return new Runs(
                name -> DirectoryStore.openForWriting(folder.resolve(name), "worker"),
                TestCompute.cpu(),
                Duration.ofMinutes(2),
                StageMeter.NONE,
                System::nanoTime,
                () -> Instant.EPOCH);
    }
}
