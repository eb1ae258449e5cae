package io.blocksmith.metrics;

import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The metrics of the run that this process supervises. They appear when it takes the run over and go when
 * somebody else has it, so a run has one source at a time; what they count begins with the run and not with the process, wherever the
 * ledger knows. One thread at a time.
 */
public final class RunMetrics {
    private static final String DELIVERED = "delivered";
    private static final String FAILED = "failed";

    private final RunGauges gauges;
    private final RunCounts counts;
    private final WorkerTime time;
    private final Gauge info;
    private final Counter stale;
    private final Counter fenced;
    private final Counter notifications;
    private final InstantSource clock;

    /**
     * What a run is, for people.
     *
     * @param holder who supervises it
     */
    public record Kind(String run, int bits, int groupSize, int segments, String holder) {}

    /**
     * Registers the families, without any series yet.
     *
     * @param clock dates progress
     * @param nanoTime measures durations
     */
    public RunMetrics(CollectorRegistry registry, InstantSource clock, LongSupplier nanoTime) {
        Families families = new Families(registry);
        this.gauges = new RunGauges(registry);
        this.counts = new RunCounts(registry);
        this.time = new WorkerTime(registry, nanoTime);
        this.info = families.gauge(Metric.RUN_INFO);
        this.stale = families.counter(Metric.STALE_MESSAGES_TOTAL);
        this.fenced = families.counter(Metric.FENCED_TOTAL);
        this.notifications = families.counter(Metric.NOTIFICATIONS_TOTAL);
        this.clock = clock;
    }

    /** The run is this process's now; {@code past} are all its events, the one that made it so included. */
    public void took(Kind kind, List<Event> past) {
        String run = kind.run();
        info.clear();
        info.labels(
                        run,
                        Integer.toString(kind.bits()),
                        Integer.toString(kind.groupSize()),
                        Integer.toString(kind.segments()),
                        kind.holder())
                .set(1);
        stale.clear();
        stale.labels(run);
        fenced.labels(run);
        notifications.labels(run, DELIVERED);
        notifications.labels(run, FAILED);
        counts.begin(run);
        RunState state = RunState.empty();
        Instant last = clock.instant();
        for (Event event : past) {
            state = state.after(event);
            counts.count(event, state);
            if (!(event instanceof Event.SupervisorStarted)) {
                last = event.at();
            }
        }
        time.begin(run, state);
        gauges.begin();
        gauges.progressed(run, last);
        gauges.standing(state);
    }

    /** One more event is durable. */
    public void recorded(Event event, RunState after) {
        counts.count(event, after);
        time.recorded(event, after);
        gauges.standing(after);
        if (event instanceof Event.StageCommitted) {
            gauges.progressed(after.run(), clock.instant());
        }
    }

    /** An attempt has come further. */
    public void progressed(Progress progress) {
        time.progressed(progress);
        gauges.progressed(progress.ticket().run(), clock.instant());
    }

    /** How the run stands; called about once a second. */
    public void looked(RunSnapshot snapshot) {
        time.looked(snapshot);
        gauges.looked(snapshot);
    }

    /**
     * Sizes of the run's store.
     *
     * @param free negative when the store cannot tell
     */
    public void stored(String run, long bytes, long free) {
        gauges.stored(run, bytes, free);
    }

    /** A report of an attempt came that is not under way. */
    public void stale(String run) {
        stale.labels(run).inc();
    }

    /** A call of the webhook has ended; on any thread. */
    public void notified(String run, boolean delivered) {
        notifications.labels(run, delivered ? DELIVERED : FAILED).inc();
    }

    /** Somebody else took the run over. */
    public void fenced(String run) {
        fenced.labels(run).inc();
    }

    /** The run rests, and nobody supervises it: what it came to stays to be seen, while this process takes the next runs. */
    public void rests() {
        gauges.rest();
    }

    /**
     * Somebody else supervises the run now, or nobody can: its series go, but for how often this process was fenced. The
     * ends of the runs before it stay to be seen.
     */
    public void lost() {
        gauges.lost();
        counts.clear();
        time.clear();
        info.clear();
        stale.clear();
    }
}
