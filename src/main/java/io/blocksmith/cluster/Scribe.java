package io.blocksmith.cluster;

import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Requests;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Troubles;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * A supervisor's hand on the journal: one read or append is under way at a time, on a dispatcher for blocking work, and its
 * outcome comes back as a message. Used by the supervisor's actor only.
 */
final class Scribe {
    private final ActorContext<RunSupervisor.Command> context;
    private final TimerScheduler<RunSupervisor.Command> timers;
    private final Journal journal;
    private final Requests requests;
    private final Troubles troubles;
    private final Executor files;
    private boolean busy;

    /**
     * Makes a scribe.
     *
     * @param troubles is told of a journal that fails and works again
     */
    Scribe(
            ActorContext<RunSupervisor.Command> context,
            TimerScheduler<RunSupervisor.Command> timers,
            RunSupervisor.Settings settings,
            Troubles troubles,
            Executor files) {
        this.context = context;
        this.timers = timers;
        this.journal = settings.journal();
        this.requests = settings.requests();
        this.troubles = troubles;
        this.files = files;
    }

    /** Whether the supervisor has to wait for the journal before it goes on. */
    boolean isBusy() {
        return busy;
    }

    /** Reads the journal; answered with {@link RunSupervisor.JournalRead}. */
    void read() {
        busy = true;
        context.pipeToSelf(
                CompletableFuture.supplyAsync(
                        () -> {
                            RunState read = journal.read();
                            // A complete run is only opened again for somebody who wants a stage done again.
                            return new RunSupervisor.JournalRead(
                                    read, read.phase() == Phase.COMPLETED ? requests.pending() : new LinkedHashMap<>());
                        },
                        files),
                (read, failure) ->
                        failure == null ? read : new RunSupervisor.JournalFailed(RunSupervisor.cause(failure)));
    }

    /**
     * Appends the event; answered with {@link RunSupervisor.JournalAppended}.
     *
     * @param state that the event happens in
     * @param acknowledge to be run when the event is durable
     */
    void append(RunState state, Event event, Runnable acknowledge) {
        // An illegal event is a defect of ours; it must show before it is durable.
        RunState unused = state.after(event);
        busy = true;
        context.pipeToSelf(
                CompletableFuture.supplyAsync(() -> journal.append(event), files),
                (appended, failure) -> failure == null
                        ? new RunSupervisor.JournalAppended(event, acknowledge, appended)
                        : new RunSupervisor.JournalFailed(RunSupervisor.cause(failure)));
    }

    /** The journal was read. */
    void hasRead() {
        busy = false;
        troubles.journalRead();
    }

    /** The journal has answered an append. */
    void hasAppended() {
        busy = false;
        troubles.journalWritten();
    }

    /** The journal has failed: reads it again after a while, or says how the supervision ends. */
    Optional<RunOutcome> failed(Throwable cause) {
        busy = false;
        Category category = cause instanceof BlocksmithException known ? known.category() : Category.DEFECT;
        return switch (category) {
            case STORE_FULL, STORE_UNAVAILABLE, TRANSIENT -> {
                // Nothing is lost: whoever was not acknowledged reports again.
                Duration wait = troubles.journalFailed(cause.getMessage());
                context.getLog().warn("the ledger: {}; again in {} s", cause.getMessage(), wait.toSeconds());
                busy = true;
                timers.startSingleTimer(RunSupervisor.Tick.JOURNAL_AGAIN, RunSupervisor.Tick.JOURNAL_AGAIN, wait);
                yield Optional.empty();
            }
            case USER, ENVIRONMENT, NOT_FINITE, DEVICE_MEMORY, HUNG, WORKER_LOST, DAMAGED, DEFECT ->
                Optional.of(new RunOutcome.Broken(cause));
        };
    }
}
