package io.blocksmith.stage;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.stream.Collectors;

/** A run of a tiny model whose stages a test starts and commits one by one. */
final class StagedRun {
    /** Neither tells nor cancels. */
    static final Monitor QUIET = new Monitor() {
        @Override
        public void progressed(Progress progress) {}

        @Override
        public boolean cancelled() {
            return false;
        }
    };

    private RunContext context;
    private final Ledger ledger;

    private StagedRun(RunContext context, Ledger ledger) {
        this.context = context;
        this.ledger = ledger;
    }

    /** A submitted run with a supervisor in {@code folder}. */
    static StagedRun in(Path folder, LlamaConfig config, Recipe recipe) {
        Path model = TinyModel.write(folder.resolve("model"), config, TensorType.F32, 11);
        Path calibration = folder.resolve("text.ids");
        String ids = new Random(5)
                .ints(4000, 0, config.vocabulary())
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" "));
        try {
            Files.writeString(calibration, ids);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        DirectoryStore store = DirectoryStore.openForWriting(folder.resolve("run"), "test");
        Submission submission = Submission.check(new RunInputs(model.toString(), calibration.toString(), ""), recipe);
        RunContext context = submission.into(store, TestCompute.cpu(), Duration.ofMinutes(2));
        Ledger ledger = new Ledger(store);
        ledger.append(new RunSubmitted(Instant.EPOCH, "run", submission.identityDigest(store), config.blocks()));
        ledger.append(new SupervisorStarted(Instant.EPOCH, 1, "test"));
        return new StagedRun(context, ledger);
    }

    RunContext context() {
        return context;
    }

    /** Forgets what was looked at, as a new process would. */
    void reopen() {
        context = RunContext.open(context.store(), TestCompute.cpu(), Duration.ofMinutes(2));
    }

    Journal ledger() {
        return ledger;
    }

    /** Records the next attempt at {@code stage}. */
    Ticket start(Stage stage) {
        Ticket ticket = ledger.read().nextTicket(stage);
        ledger.append(new StageStarted(Instant.EPOCH, ticket, "test", "test", Adjustment.NONE));
        return ticket;
    }

    void commit(Ticket ticket, StageResult result) {
        ledger.read();
        ledger.append(new StageCommitted(Instant.EPOCH, ticket, result));
    }

    /** Runs a stage from start to commit as a worker would. */
    StageResult complete(Stage stage) {
        Ticket ticket = start(stage);
        StageResult result = pipeline().run(new Assignment(ticket, Adjustment.NONE), QUIET);
        commit(ticket, result);
        return result;
    }

    Pipeline pipeline() {
        return pipeline(StageMeter.NONE);
    }

    Pipeline pipeline(StageMeter meter) {
        return new Pipeline(context, meter, System::nanoTime, () -> Instant.EPOCH);
    }
}
