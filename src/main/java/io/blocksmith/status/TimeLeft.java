package io.blocksmith.status;

import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/** How long a run takes from now on, by its pace since somebody began to watch it, pauses left out. */
public final class TimeLeft {
    private final LongSupplier nanoTime;
    private boolean began;
    private double first;
    private double seconds;
    private long lastNanos;

    /**
     * Made when somebody begins to watch.
     *
     * @param nanoTime measures durations
     */
    public TimeLeft(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * The run has come this far.
     *
     * @param fraction share of the work that is done, 0 to 1
     * @param moves whether the time since the last call counts
     * @return seconds left; empty while nothing can be said
     */
    public OptionalDouble at(double fraction, boolean moves) {
        long now = nanoTime.getAsLong();
        if (!began) {
            began = true;
            first = fraction;
        } else if (moves) {
            seconds += (now - lastNanos) / 1e9;
        }
        lastNanos = now;
        double gained = fraction - first;
        return !moves || gained <= 0 ? OptionalDouble.empty() : OptionalDouble.of(seconds * (1 - fraction) / gained);
    }
}
