package io.blocksmith.stage;

import io.blocksmith.run.Measurement;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.Ticket;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * What one attempt tells of itself while it runs, and where it learns that it is cancelled. Used on the device thread.
 */
final class AttemptProgress {
    /** Weight of the newest loss in the smoothed one. */
    private static final double NEWEST = 0.1;

    private final Ticket ticket;
    private final Monitor monitor;
    private final AttemptMeter meter;
    private final LongSupplier nanoTime;
    private final long startNanos;
    private String phase = "start";
    private long phaseStartNanos;
    private double smoothed = Double.NaN;
    private double reference = Double.NaN;
    private double stepSeconds = Double.NaN;
    private long lastStepNanos;
    private LongSupplier savedStep = () -> 0;
    private long firstStep;
    private long dataWaitNanos;
    private boolean dataWaitKnown;
    private Optional<Progress> last = Optional.empty();
    private long reports;

    AttemptProgress(Ticket ticket, Monitor monitor, LongSupplier nanoTime) {
        this(ticket, monitor, StageMeter.NONE, nanoTime);
    }

    AttemptProgress(Ticket ticket, Monitor monitor, StageMeter meter, LongSupplier nanoTime) {
        this.ticket = ticket;
        this.monitor = monitor;
        this.meter = new AttemptMeter(ticket, meter, nanoTime);
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
        this.phaseStartNanos = startNanos;
    }

    /** Seconds since the attempt began. */
    double seconds() {
        return (nanoTime.getAsLong() - startNanos) / 1e9;
    }

    /** Begins a phase; rates count from here. */
    void begin(String name) {
        begin(name, name, OptionalInt.empty());
    }

    /** Begins a phase that several blocks have, one after the other. */
    void begin(String name, int block) {
        begin("%s block %d".formatted(name, block), name, OptionalInt.of(block));
    }

    private void begin(String told, String name, OptionalInt block) {
        phase = told;
        phaseStartNanos = nanoTime.getAsLong();
        smoothed = Double.NaN;
        stepSeconds = Double.NaN;
        lastStepNanos = phaseStartNanos;
        firstStep = 0;
        dataWaitNanos = 0;
        dataWaitKnown = false;
        meter.begin(name, block);
        told(1, 1, 0, 0, Double.NaN);
    }

    /** What is measured of the attempt. */
    AttemptMeter meter() {
        return meter;
    }

    /** The clock that durations are measured by. */
    LongSupplier nanoTime() {
        return nanoTime;
    }

    /** Where to ask for the newest durable checkpoint from now on. */
    void savedStep(LongSupplier supplier) {
        savedStep = supplier;
    }

    /** Time of this phase that was spent waiting for data. */
    void waitedForData(long nanos) {
        meter.waited(nanos);
        dataWaitNanos += nanos;
        dataWaitKnown = true;
    }

    /** {@code wait} as time that is spent waiting for data, such as gradients that others compute. */
    LongConsumer waiting(LongConsumer wait) {
        return waitedNanos -> {
            long before = nanoTime.getAsLong();
            wait.accept(waitedNanos);
            waitedForData(nanoTime.getAsLong() - before);
        };
    }

    /** The phase begins after {@code step} steps that an earlier attempt did: rates count those that follow. */
    void goesOnAfter(long step) {
        firstStep = step;
    }

    /** The loss to compare with from now on. */
    void reference(double loss) {
        if (!Double.isNaN(loss)) {
            meter.tell(new Measurement.Reference(loss));
        }
        reference = loss;
    }

    /** A part without a loss: {@code done} of {@code of} samples with {@code tokens} tokens each. */
    void passed(long done, long of, int tokens) {
        told(1, 1, done, of, rate(done * tokens));
    }

    /** A part that the device has nothing to do with: {@code done} of {@code of} files. */
    void checked(long done, long of) {
        meter.tell(new Measurement.Passed(done, of, Measurement.Work.NONE));
        meter.spend();
        passed(done, of, 0);
    }

    /** A training step. */
    void stepped(int epoch, int epochs, long step, long steps, double loss, long tokensPerStep) {
        smoothed = smoothed(smoothed, loss);
        long now = nanoTime.getAsLong();
        stepSeconds = smoothed(stepSeconds, (now - lastStepNanos) / 1e9);
        lastStepNanos = now;
        told(epoch, epochs, step, steps, rate((step - firstStep) * tokensPerStep));
    }

    /** Tells once more how far the attempt came, with what is saved now that it is given up. */
    void left() {
        again();
    }

    /**
     * A part of a step has ended, or a moment of waiting for others, that no number shows: a sign of life. Ends the attempt
     * when it is cancelled.
     */
    void alive() {
        requireNotCancelled();
        again();
    }

    private void again() {
        last = last.map(progress -> progress.again(reports++, savedStep.getAsLong()));
        last.ifPresent(monitor::progressed);
    }

    private static double smoothed(double before, double newest) {
        return Double.isNaN(before) ? newest : (1 - NEWEST) * before + NEWEST * newest;
    }

    /** Ends the attempt when it is cancelled. */
    void requireNotCancelled() {
        if (monitor.cancelled()) {
            throw new CancellationException(ticket + " is cancelled");
        }
    }

    private double rate(long tokens) {
        double seconds = (nanoTime.getAsLong() - phaseStartNanos) / 1e9;
        return seconds > 0 ? tokens / seconds : Double.NaN;
    }

    private double dataWait() {
        long phaseNanos = nanoTime.getAsLong() - phaseStartNanos;
        return dataWaitKnown && phaseNanos > 0 ? Math.min(1, (double) dataWaitNanos / phaseNanos) : Double.NaN;
    }

    private void told(int epoch, int epochs, long step, long steps, double tokensPerSecond) {
        Progress progress = new Progress(
                ticket,
                phase,
                epoch,
                epochs,
                step,
                steps,
                smoothed,
                reference,
                tokensPerSecond,
                stepSeconds,
                savedStep.getAsLong(),
                dataWait(),
                reports++);
        // The step on which the attempt is cancelled was done, too.
        last = Optional.of(progress);
        requireNotCancelled();
        monitor.progressed(progress);
    }
}
