package io.blocksmith.cluster;

import akka.actor.typed.javadsl.ActorContext;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Request;
import io.blocksmith.run.Requests;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;

/**
 * A supervisor's eyes on the store: shows the run, reads what people ask, tries whether the store takes objects again. One
 * look is under way at a time, on a dispatcher for blocking work. Used by the supervisor's actor only.
 */
final class Lookout {

    /**
     * What one look has found.
     *
     * @param shownBefore what another supervisor showed last; only from the first look
     * @param requests empty when the look failed
     * @param writable whether the store takes objects; empty when that was not asked
     */
    record Found(
            Optional<LiveRun> shownBefore,
            Optional<SequencedMap<String, Request>> requests,
            Optional<Boolean> writable) {}

    private final ActorContext<RunSupervisor.Command> context;
    private final RunBeacon beacon;
    private final Requests requests;
    private final Journal journal;
    private final Executor files;
    private boolean looking;
    private boolean hasLooked;
    private long beats;

    Lookout(ActorContext<RunSupervisor.Command> context, RunSupervisor.Settings settings, Executor files) {
        this.context = context;
        this.beacon = settings.beacon();
        this.requests = settings.requests();
        this.journal = settings.journal();
        this.files = files;
    }

    /** Shows {@code status} and looks around, unless a look is under way; the supervisor is told what was found. */
    void look(RunStatus status, boolean probe) {
        if (looking) {
            return;
        }
        looking = true;
        boolean first = !hasLooked;
        long beat = ++beats;
        CompletableFuture<Found> found = CompletableFuture.supplyAsync(
                () -> {
                    Optional<LiveRun> before = first ? beacon.shown() : Optional.empty();
                    beacon.publish(status, beat, false);
                    return new Found(
                            before,
                            Optional.of(requests.pending()),
                            probe ? Optional.of(journal.isWritable()) : Optional.empty());
                },
                files);
        Logger log = context.getLog();
        context.pipeToSelf(found, (looked, failure) -> {
            if (failure != null) {
                log.warn("cannot look at the store: {}", RunSupervisor.words(failure));
                return new RunSupervisor.Looked(
                        new Found(Optional.empty(), Optional.empty(), probe ? Optional.of(false) : Optional.empty()));
            }
            return new RunSupervisor.Looked(looked);
        });
    }

    /** The look under way has come back with this. */
    void returned(Found found) {
        looking = false;
        hasLooked |= found.requests().isPresent();
    }

    /** The request is fulfilled. */
    void done(String id) {
        context.pipeToSelf(
                CompletableFuture.runAsync(() -> requests.done(id), files),
                (_, failure) -> new RunSupervisor.Fulfilled(
                        id, Optional.ofNullable(failure).map(RunSupervisor::cause)));
    }

    /**
     * Says farewell: shows the run for the last time and takes back what asked for its end.
     *
     * @param last the run at rest; empty when somebody else holds it now, whose it is to show
     */
    void leave(RunOutcome outcome, Optional<RunStatus> last) {
        CompletableFuture<Void> farewell = last.map(status -> CompletableFuture.runAsync(
                        () -> {
                            beacon.publish(status, beats + 1, true);
                            requests.pending().forEach((id, request) -> {
                                if (request instanceof Request.Cancel) {
                                    requests.done(id);
                                }
                            });
                        },
                        files))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
        context.pipeToSelf(
                farewell,
                (_, failure) -> new RunSupervisor.SaidFarewell(
                        outcome, Optional.ofNullable(failure).map(RunSupervisor::cause)));
    }
}
