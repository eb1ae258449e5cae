package io.blocksmith.stage;

import io.blocksmith.run.Assignment;
import io.blocksmith.run.Ticket;
import io.blocksmith.train.EndToEndTrainer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;

/**
 * A replica of E2E-QP that helps the one that runs the attempt: it starts from that one's newest checkpoint, takes every
 * step that was shared since, and then computes its part of each further one. It leaves nothing behind but gradients.
 */
final class EndToEndAssistance {
    private final RunContext run;
    private final ExchangePace pace;
    private final Assignment assignment;
    private final String name;
    private final AttemptProgress progress;
    private final ExchangeObjects objects;
    private final CheckpointObjects checkpoints;
    private long lastLookNanos;

    /** The gradients that a step needs are gone, or nobody will compute them: others are further. */
    private static final class LeftBehind extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LeftBehind(long step) {
            super("step " + step + " is over for the others", null, false, false);
        }
    }

    /**
     * @param worker its name
     */
    EndToEndAssistance(
            RunContext run, ExchangePace pace, Assignment assignment, String worker, AttemptProgress progress) {
        this.run = run;
        this.pace = pace;
        this.assignment = assignment;
        this.name = Replicas.name(worker);
        this.progress = progress;
        this.objects = new ExchangeObjects(run.store(), assignment.ticket());
        this.checkpoints =
                new CheckpointObjects(run.store(), assignment, run.compute().fingerprint());
        this.lastLookNanos = progress.nanoTime().getAsLong();
    }

    /** Returns when the last step is done; throws {@link CancellationException} when the attempt has ended before. */
    void run() {
        progress.begin("load");
        EndToEndTraining.with(run, assignment, training -> {
            objects.announce(name);
            follow(training);
            return name;
        });
    }

    private void follow(EndToEndTraining training) {
        LongConsumer wait = progress.waiting(new StoreWait(pace.poll(), this::requireWanted));
        while (true) {
            start(training.trainer(), wait);
            SharedGradients gradients = gradients(wait);
            gradients.share();
            try {
                progress.begin("assist");
                progress.goesOnAfter(training.trainer().step());
                AttemptListener listener = training.listener(
                        progress, new LossCurves(), run.recipe().endToEnd());
                training.trainer().follow(training.training(), gradients, listener);
                return;
            } catch (LeftBehind e) {
                progress.begin("catch up");
                wait.accept(0);
            }
        }
    }

    /** Becomes what the leading replica saved last, once all steps after it are shared. */
    private void start(EndToEndTrainer trainer, LongConsumer wait) {
        long began = progress.nanoTime().getAsLong();
        while (true) {
            OptionalLong begun = objects.begun();
            if (begun.isPresent() && checkpoints.savedStep().orElse(-1) >= begun.getAsLong()) {
                Optional<Path> newest = checkpoints.newest();
                if (newest.isPresent() && restored(trainer, newest.get(), begun.getAsLong())) {
                    return;
                }
            }
            wait.accept(progress.nanoTime().getAsLong() - began);
        }
    }

    private static boolean restored(EndToEndTrainer trainer, Path state, long begun) {
        try (SnapshotFile snapshot = SnapshotFile.open(state)) {
            if (snapshot.step() < begun) {
                return false;
            }
            trainer.restore(snapshot);
            return true;
        }
    }

    private SharedGradients gradients(LongConsumer wait) {
        return new SharedGradients(
                objects,
                assignment,
                name,
                run.compute().fingerprint(),
                pace,
                progress.nanoTime(),
                wait,
                this::requireNotBehind);
    }

    /** Whoever computes a step that a checkpoint is past computes for nobody. */
    private void requireNotBehind(long step) {
        if (checkpoints.savedStep().orElse(-1) > step) {
            throw new LeftBehind(step);
        }
    }

    private void requireWanted() {
        progress.requireNotCancelled();
        long now = progress.nanoTime().getAsLong();
        if (now - lastLookNanos >= pace.announcements().toNanos()) {
            lastLookNanos = now;
            Ticket ticket = assignment.ticket();
            if (!run.state().isRunning(ticket)) {
                throw new CancellationException(ticket + " has ended; nobody needs help with it");
            }
        }
    }
}
