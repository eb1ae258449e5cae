package io.blocksmith.metrics;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Measurement.Work;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.Ticket;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalInt;

/**
 * What Prometheus sees of the attempts of one worker's process. Counters start at 0 as soon as they can count, because a
 * rate over a series that begins with its first event misses that event.
 */
public final class AttemptMetrics implements StageMeter {
    private static final double MILLI = 1e-3;
    /** What a save may fail by without ending its attempt at once. */
    private static final List<Category> SAVE_FAILURES =
            List.of(Category.STORE_FULL, Category.STORE_UNAVAILABLE, Category.ENVIRONMENT, Category.TRANSIENT);

    private final String node;
    private final InstantSource clock;
    private final AttemptGauges gauges;
    private final Counter notFinite;
    private final Counter steps;
    private final Histogram stepSeconds;
    private final Counter phaseSeconds;
    private final Counter waitSeconds;
    private final Counter computeSeconds;
    private final Counter tokens;
    private final Counter flops;
    private final Gauge devicePeak;
    private final Histogram saveSeconds;
    private final Counter savedBytes;
    private final Counter failedSaves;
    private final Gauge lastSave;
    private volatile double peakFlops = Double.NaN;
    /** Of the attempt under way: a device has one at a time. */
    private volatile RecentRate rate = new RecentRate();

    /**
     * Registers the families.
     *
     * @param node name of the worker
     * @param checkpointInterval time between two saves
     */
    public AttemptMetrics(CollectorRegistry registry, String node, Duration checkpointInterval, InstantSource clock) {
        this.node = node;
        this.clock = clock;
        Families families = new Families(registry);
        gauges = new AttemptGauges(families);
        notFinite = families.counter(Metric.NON_FINITE_TOTAL);
        steps = families.counter(Metric.STEPS_TOTAL);
        stepSeconds = families.histogram(
                Metric.STEP_SECONDS,
                2 * MILLI,
                5 * MILLI,
                10 * MILLI,
                25 * MILLI,
                50 * MILLI,
                100 * MILLI,
                250 * MILLI,
                500 * MILLI,
                1,
                2.5,
                5,
                10,
                20,
                30,
                60,
                120,
                300);
        phaseSeconds = families.counter(Metric.PHASE_SECONDS_TOTAL);
        waitSeconds = families.counter(Metric.DATA_WAIT_SECONDS_TOTAL);
        computeSeconds = families.counter(Metric.COMPUTE_SECONDS_TOTAL);
        tokens = families.counter(Metric.TOKENS_TOTAL);
        flops = families.counter(Metric.FLOPS_TOTAL);
        devicePeak = families.gauge(Metric.DEVICE_PEAK_FLOPS);
        saveSeconds = families.histogram(
                Metric.CHECKPOINT_SECONDS, 10 * MILLI, 50 * MILLI, 250 * MILLI, 1, 2.5, 5, 10, 30, 60, 120, 300, 600);
        savedBytes = families.counter(Metric.CHECKPOINT_BYTES_TOTAL);
        failedSaves = families.counter(Metric.CHECKPOINT_FAILURES_TOTAL);
        lastSave = families.gauge(Metric.CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS);
        families.gauge(Metric.CHECKPOINT_INTERVAL_SECONDS).labels(node).set(checkpointInterval.toMillis() * MILLI);
    }

    /** The device's matrix-product rate, operations a second, which later steps are compared with. */
    public void devicePeak(double flopsPerSecond) {
        peakFlops = flopsPerSecond;
        devicePeak.labels(node).set(flopsPerSecond);
    }

    @Override
    public void measured(Ticket ticket, Measurement measurement) {
        String run = ticket.run();
        String stage = ticket.stage().kind();
        String[] attempt = {run, node, stage};
        switch (measurement) {
            case Measurement.Began() -> begin(ticket, attempt);
            case Measurement.PhaseBegan(String _, OptionalInt block) ->
                gauges.begin(attempt, block.isPresent() ? block : block(ticket.stage()));
            case Measurement.TimeSpent(String phase, double seconds) ->
                phaseSeconds.labels(run, node, stage, phase).inc(seconds);
            case Measurement.Stepped stepped -> stepped(attempt, stepped);
            case Measurement.Passed(long done, long of, Work work) -> {
                gauges.passed(attempt, done, of);
                worked(attempt, work);
            }
            case Measurement.Validated(double loss, Work work) -> {
                gauges.validated(attempt, loss);
                worked(attempt, work);
            }
            case Measurement.Reference(double loss) -> gauges.reference(attempt, loss);
            case Measurement.SavingBegan() -> beginSaving(attempt);
            case Measurement.Saved(double seconds, long bytes) -> {
                saveSeconds.labels(attempt).observe(seconds);
                savedBytes.labels(attempt).inc((double) bytes);
                lastSave.labels(run, node).set(clock.millis() * MILLI);
            }
            case Measurement.SaveFailed(Category category) ->
                failedSaves.labels(run, node, Reason.of(category)).inc();
            case Measurement.SavingEnded() -> lastSave.remove(run, node);
            case Measurement.FoundNotFinite() -> notFinite.labels(attempt).inc();
            case Measurement.Ended() -> gauges.remove(attempt);
        }
    }

    private void begin(Ticket ticket, String[] attempt) {
        rate = new RecentRate();
        notFinite.labels(attempt);
        if (ticket.stage().trains()) {
            steps.labels(attempt);
            stepSeconds.labels(attempt);
        }
        gauges.begin(attempt, block(ticket.stage()));
    }

    private void beginSaving(String[] attempt) {
        saveSeconds.labels(attempt);
        savedBytes.labels(attempt);
        SAVE_FAILURES.forEach(category -> failedSaves.labels(attempt[0], node, Reason.of(category)));
        lastSave.labels(attempt[0], node).set(clock.millis() * MILLI);
    }

    private void stepped(String[] attempt, Measurement.Stepped step) {
        gauges.stepped(attempt, step.place(), step.loss(), step.gradientNorm(), step.rates());
        gauges.peakRatio(attempt, rate.after(step.work()) / peakFlops);
        steps.labels(attempt).inc();
        stepSeconds.labels(attempt).observe(step.work().seconds());
        worked(attempt, step.work());
    }

    private void worked(String[] attempt, Work work) {
        tokens.labels(attempt).inc((double) work.tokens());
        flops.labels(attempt).inc(work.flops());
        waitSeconds.labels(attempt).inc(work.waitSeconds());
        computeSeconds.labels(attempt).inc(work.seconds() - work.waitSeconds());
    }

    private static OptionalInt block(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock(int block) -> OptionalInt.of(block);
            case Stage.RepairBlock(int block) -> OptionalInt.of(block);
            case Stage.Capture _, Stage.EndToEnd _, Stage.Export _, Stage.Evaluate _, Stage.Report _ ->
                OptionalInt.empty();
        };
    }
}
