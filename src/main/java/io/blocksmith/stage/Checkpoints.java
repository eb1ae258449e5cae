package io.blocksmith.stage;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Measurement;
import io.blocksmith.train.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves one attempt's training now and then, and finds what an earlier attempt saved. The device thread writes a state to
 * a local file, which is as fast as memory; digest, force and upload follow on a thread of their own. Two saves are never
 * under way.
 *
 * <p>A save that fails leaves the last good checkpoint where it is and is tried again when the next one is due. When the
 * store has refused for two intervals the attempt ends: whatever it would train further could be lost.
 */
final class Checkpoints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final long MARGIN_BYTES = 1 << 20;

    private final CheckpointObjects objects;
    private final Assignment assignment;
    private final AttemptProgress progress;
    private final LongSupplier nanoTime;
    private final long intervalNanos;
    private final ExecutorService background;

    private long startedNanos;
    private boolean skippedTold;
    private Optional<Future<?>> inFlight = Optional.empty();

    /** Written by the background thread. */
    private volatile long savedStep;

    private volatile long durableNanos;
    private volatile Optional<BlocksmithException> failure = Optional.empty();

    /** The checkpoints of {@code assignment}; every progress from here on tells the newest durable step. */
    Checkpoints(RunContext run, Assignment assignment, AttemptProgress progress) {
        this.objects =
                new CheckpointObjects(run.store(), assignment, run.compute().fingerprint());
        this.assignment = assignment;
        this.progress = progress;
        this.nanoTime = progress.nanoTime();
        this.intervalNanos = run.checkpointInterval().toNanos();
        this.startedNanos = nanoTime.getAsLong();
        this.durableNanos = startedNanos;
        this.background = Executors.newSingleThreadExecutor(Thread.ofPlatform()
                .daemon()
                .name("checkpoint " + assignment.ticket())
                .factory());
        progress.savedStep(this::savedStep);
        progress.meter().tell(new Measurement.SavingBegan());
    }

    /** Steps that the newest durable checkpoint holds, 0 without one. */
    long savedStep() {
        return savedStep;
    }

    /**
     * Goes on from the newest good checkpoint of an earlier attempt, when there is one. Called after the training's phase
     * has begun.
     */
    void resume(Consumer<Snapshot.Stored> trainer, LossCurves curves) {
        Optional<Path> newest = objects.newest();
        if (newest.isPresent()) {
            try (SnapshotFile saved = SnapshotFile.open(newest.get())) {
                trainer.accept(saved);
                curves.resume(saved.curves());
                savedStep = saved.step();
                progress.goesOnAfter(savedStep);
                progress.reference(curves.start());
                LOG.info("{}: goes on after step {}, from {}", assignment.ticket(), savedStep, newest.get());
            }
        }
    }

    /**
     * To be called after each step: saves when it is time to.
     *
     * @throws BlocksmithException with the store's category when nothing could be saved for two intervals
     */
    void stepped(Supplier<Snapshot> state, LossCurves curves) {
        failure.ifPresent(this::endWhenItLasts);
        if (nanoTime.getAsLong() - startedNanos < intervalNanos) {
            return;
        }
        if (isInFlight()) {
            if (!skippedTold) {
                LOG.warn("{}: the save before is still under way; the one due now is left out", assignment.ticket());
                skippedTold = true;
            }
            return;
        }
        save(state.get(), curves);
    }

    /**
     * Saves now, for others to go on from; a failure is as one of a save that was due.
     *
     * @return false when a save is under way, and this one did not begin
     */
    boolean saveNow(Supplier<Snapshot> state, LossCurves curves) {
        if (isInFlight()) {
            return false;
        }
        save(state.get(), curves);
        return true;
    }

    /** Saves at once and waits, before the attempt is given up; what goes wrong with it is told in the log only. */
    void leave(Supplier<Snapshot> state, LossCurves curves) {
        try {
            await();
            Snapshot last = state.get();
            if (last.step() > savedStep) {
                save(last, curves);
                await();
            }
        } catch (BlocksmithException e) {
            progress.meter().failed(e.category());
            LOG.warn("{}: nothing saved on leaving: {}", assignment.ticket(), e.getMessage());
        }
        progress.left();
    }

    private void save(Snapshot state, LossCurves curves) {
        // The one before is done: this only tells whether something unforeseen ended it.
        await();
        startedNanos = nanoTime.getAsLong();
        skippedTold = false;
        Path file;
        try {
            requireRoom(state.bytes());
            file = written(state, curves);
        } catch (BlocksmithException e) {
            failed(state.step(), e);
            return;
        }
        long began = startedNanos;
        inFlight = Optional.of(background.submit(() -> putInBackground(state.step(), file, began)));
    }

    private void requireRoom(long bytes) {
        long needed = bytes + bytes / 8 + MARGIN_BYTES;
        long free = objects.freeBytes();
        if (free < needed) {
            throw full("%d bytes are needed, %d are free".formatted(needed, free), null);
        }
    }

    private static BlocksmithException full(String reason, Throwable cause) {
        return new BlocksmithException(
                Category.STORE_FULL,
                "no room for a checkpoint: %s. Free some on the store's file system".formatted(reason),
                cause);
    }

    private Path written(Snapshot state, LossCurves curves) {
        Path file = objects.temporary(state.step());
        try {
            SnapshotFile.write(file, state, curves.unfinished());
            return file;
        } catch (BlocksmithException e) {
            discard(file);
            String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
            throw message.contains("no space left") || message.contains("quota exceeded") ? full(e.getMessage(), e) : e;
        }
    }

    private static void discard(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", file, e.toString());
        }
    }

    private void putInBackground(long step, Path file, long began) {
        long bytes;
        try {
            bytes = objects.put(step, file);
        } catch (BlocksmithException e) {
            discard(file);
            failed(step, e);
            return;
        }
        savedStep = step;
        durableNanos = nanoTime.getAsLong();
        failure = Optional.empty();
        progress.meter().tell(new Measurement.Saved((durableNanos - began) / 1e9, bytes));
        try {
            objects.prune();
        } catch (BlocksmithException e) {
            LOG.warn("{}: older checkpoints stay for now: {}", assignment.ticket(), e.getMessage());
        }
    }

    private void failed(long step, BlocksmithException e) {
        LOG.warn(
                "{}: the checkpoint after step {} failed ({}), the last good one is after step {}: {}",
                assignment.ticket(),
                step,
                e.category(),
                savedStep,
                e.getMessage());
        failure = Optional.of(e);
        progress.meter().tell(new Measurement.SaveFailed(e.category()));
    }

    private void endWhenItLasts(BlocksmithException e) {
        switch (e.category()) {
            case STORE_FULL, STORE_UNAVAILABLE, ENVIRONMENT, TRANSIENT -> {
                // Counted to the start of the save that failed last: a try of its own belongs to each interval.
                if (startedNanos - durableNanos >= 2 * intervalNanos) {
                    throw new BlocksmithException(
                            e.category(),
                            "%s: nothing could be saved for %d s; the last good checkpoint is after step %d: %s"
                                    .formatted(
                                            assignment.ticket(),
                                            (startedNanos - durableNanos) / 1_000_000_000,
                                            savedStep,
                                            e.getMessage()),
                            e);
                }
            }
            case USER, NOT_FINITE, DEVICE_MEMORY, HUNG, WORKER_LOST, DAMAGED, DEFECT -> throw e;
        }
    }

    private boolean isInFlight() {
        return inFlight.isPresent() && !inFlight.get().isDone();
    }

    /** Waits for the save under way. */
    void await() {
        if (inFlight.isEmpty()) {
            return;
        }
        try {
            inFlight.get().get();
        } catch (ExecutionException e) {
            throw BlocksmithException.defect("%s: saving: %s", assignment.ticket(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlocksmithException.transientFault(e, "%s: interrupted while saving", assignment.ticket());
        }
    }

    /** Waits for the save under way and ends the thread. */
    @Override
    public void close() {
        background.close();
        progress.meter().tell(new Measurement.SavingEnded());
    }
}
