package io.blocksmith.cluster;

import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Requests;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * A supervisor's hand on the journal, on a dispatcher for blocking work; what comes of a call is told to the supervisor's
 * actor. Used by that actor only.
 */
final class Scribe {
    private final ActorContext<RunSupervisor.Command> context;
    private final TimerScheduler<RunSupervisor.Command> timers;
    private final Journal journal;
    private final Requests requests;
    private final Executor files;

    Scribe(
            ActorContext<RunSupervisor.Command> context,
            TimerScheduler<RunSupervisor.Command> timers,
            RunSupervisor.Settings settings,
            Executor files) {
        this.context = context;
        this.timers = timers;
        this.journal = settings.journal();
        this.requests = settings.requests();
        this.files = files;
    }

    /** Reads the journal; answered with {@link RunSupervisor.JournalRead}. */
    void read() {
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

    /** Has the supervisor read the journal so much later, because it failed for {@code reason}. */
    void readLater(Duration after, String reason) {
        context.getLog().warn("the ledger: {}; again in {} s", reason, after.toSeconds());
        timers.startSingleTimer(RunSupervisor.Tick.READ_JOURNAL, RunSupervisor.Tick.READ_JOURNAL, after);
    }

    /** Appends the event; answered with {@link RunSupervisor.JournalAppended}. */
    void append(Event event) {
        context.pipeToSelf(
                CompletableFuture.supplyAsync(() -> journal.append(event), files),
                (appended, failure) -> failure == null
                        ? new RunSupervisor.JournalAppended(event, appended)
                        : new RunSupervisor.JournalFailed(RunSupervisor.cause(failure)));
    }
}
