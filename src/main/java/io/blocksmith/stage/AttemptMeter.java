package io.blocksmith.stage;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Measurement.Work;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.Ticket;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/**
 * Measures one attempt: time by phase, and the time of the device between two marks. Used on the device thread, but for
 * {@link #tell}.
 */
final class AttemptMeter {
    /** The norm of a gradient that nobody needs otherwise is looked at once in this time. */
    private static final long NORM_NANOS = 1_000_000_000;

    private final Ticket ticket;
    private final StageMeter meter;
    private final LongSupplier nanoTime;
    private String phase = "start";
    private long spentNanos;
    private long workNanos;
    private long waitNanos;
    private long normNanos;
    private boolean normKnown;

    AttemptMeter(Ticket ticket, StageMeter meter, LongSupplier nanoTime) {
        this.ticket = ticket;
        this.meter = meter;
        this.nanoTime = nanoTime;
        this.spentNanos = nanoTime.getAsLong();
        this.workNanos = spentNanos;
    }

    /** Passes on what was measured elsewhere; from any thread. */
    void tell(Measurement measurement) {
        meter.measured(ticket, measurement);
    }

    /** Begins a phase, in which the device works from now on. */
    void begin(String name, OptionalInt block) {
        spend();
        phase = name;
        tell(new Measurement.PhaseBegan(name, block));
        mark();
    }

    /** Tells the time that went by in the present phase. */
    void spend() {
        long now = nanoTime.getAsLong();
        tell(new Measurement.TimeSpent(phase, (now - spentNanos) / 1e9));
        spentNanos = now;
    }

    /** What the device does next begins now. */
    void mark() {
        workNanos = nanoTime.getAsLong();
        waitNanos = 0;
    }

    /** Of the time since the mark, the device waited for data so long. */
    void waited(long nanos) {
        waitNanos += nanos;
    }

    /** The work since the mark. */
    Work work(long tokens, double flopsPerToken) {
        double seconds = (nanoTime.getAsLong() - workNanos) / 1e9;
        return new Work(tokens, tokens * flopsPerToken, seconds, Math.min(seconds, waitNanos / 1e9));
    }

    /** Whether the next step is to know the norm of its gradient. */
    boolean wantsGradientNorm() {
        long now = nanoTime.getAsLong();
        if (!meter.listens() || (normKnown && now - normNanos < NORM_NANOS)) {
            return false;
        }
        normKnown = true;
        normNanos = now;
        return true;
    }

    /** A step has ended; {@link #mark} when the next begins. */
    void stepped(
            Measurement.Place place,
            long tokens,
            double flopsPerToken,
            double loss,
            double gradientNorm,
            Measurement.Rates rates) {
        tell(new Measurement.Stepped(place, work(tokens, flopsPerToken), loss, gradientNorm, rates));
        spend();
    }

    /** A validation has ended. */
    void validated(double loss, long tokens, double flopsPerToken) {
        tell(new Measurement.Validated(loss, work(tokens, flopsPerToken)));
        spend();
        mark();
    }

    /** Samples went by without training; {@link #mark} when the next come. */
    void passed(long done, long of, long tokens, double flopsPerToken) {
        tell(new Measurement.Passed(done, of, work(tokens, flopsPerToken)));
        spend();
    }

    /** The attempt failed: a number that is not finite is counted. */
    void failed(Category category) {
        if (category == Category.NOT_FINITE) {
            tell(new Measurement.FoundNotFinite());
        }
    }

    /** The attempt is over. */
    void ended() {
        spend();
        tell(new Measurement.Ended());
    }
}
