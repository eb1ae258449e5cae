package io.blocksmith.cluster;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.RunState;
import io.blocksmith.store.FailureFile;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Shows a run in its store: {@code live.json} every two seconds, and {@code failure.json} when a stage has failed for good.
 * Used by one thread at a time.
 */
public final class LiveBeacon implements RunBeacon {
    private static final long LEAST_NANOS = Duration.ofSeconds(2).toNanos();

    /**
     * Who supervises.
     *
     * @param name as in the ledger, for people
     * @param host machine that {@code pid} is of
     */
    public record Holder(String name, String host, long pid) {}

    private final ObjectStore store;
    private final Ledger ledger;
    private final Holder holder;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private boolean began;
    private long lastNanos;

    /**
     * A beacon for one supervisor of one run.
     *
     * @param ledger that this supervisor writes
     * @param clock dates what is shown, for people
     * @param nanoTime measures durations
     */
    public LiveBeacon(ObjectStore store, Ledger ledger, Holder holder, InstantSource clock, LongSupplier nanoTime) {
        this.store = store;
        this.ledger = ledger;
        this.holder = holder;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    @Override
    public void publish(RunStatus status, long beat, boolean last) {
        long now = nanoTime.getAsLong();
        if (began && !last && now - lastNanos < LEAST_NANOS) {
            return;
        }
        RunState state = status.state();
        long seen = LiveStatus.read(store).map(LiveStatus::epoch).orElse(0L);
        if (seen > state.epoch()) {
            // Taken over: the next append will tell us so. Until then the run is not ours to speak for.
            return;
        }
        if (!began) {
            // It goes on, whatever it once stopped for.
            store.delete(RunNames.FAILURE);
        }
        Ledger.End end = ledger.end();
        new LiveStatus(
                        LiveStatus.VERSION,
                        holder.name(),
                        holder.host(),
                        holder.pid(),
                        state.epoch(),
                        beat,
                        end.sequence(),
                        end.digest(),
                        last,
                        LiveStatus.tree(LiveRun.of(status, clock.instant())))
                .write(store);
        began = true;
        lastNanos = now;
        if (last && stoppedByFailure(state)) {
            FailureReport.of(new Ledger(store).events()).ifPresent(report -> FailureFile.write(store, report));
        }
    }

    @Override
    public Optional<LiveRun> shown() {
        return LiveStatus.read(store).flatMap(status -> status.status(LiveRun.class));
    }

    private static boolean stoppedByFailure(RunState state) {
        return state.phase() == RunState.Phase.STOPPED
                && state.rest()
                        .filter(rest -> rest.cause() == RestCause.FAILURE)
                        .isPresent();
    }
}
