package io.blocksmith.status;

import io.blocksmith.store.LiveStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How long a run's heartbeat has stood still, by the clock of whoever watches it: the clocks of two machines may differ by
 * minutes, so they are believed only until the heartbeat has been seen to move. Not for use by several threads.
 */
public final class HeartbeatWatch {
    private final LongSupplier nanoTime;
    private Optional<Beat> newest = Optional.empty();
    private long sinceNanos;
    private Duration before = Duration.ZERO;

    private record Beat(String holder, long epoch, long number) {}

    /**
     * Made when the watch begins.
     *
     * @param nanoTime measures durations
     */
    public HeartbeatWatch(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * The age of the heartbeat that is there now.
     *
     * @param byClocks what the clocks of writer and reader tell of it, 0 or more
     */
    Duration age(LiveStatus status, Duration byClocks) {
        long now = nanoTime.getAsLong();
        Beat beat = new Beat(status.holder(), status.epoch(), status.beat());
        if (!newest.equals(Optional.of(beat))) {
            before = newest.isEmpty() ? byClocks : Duration.ZERO;
            newest = Optional.of(beat);
            sinceNanos = now;
        }
        return before.plusNanos(now - sinceNanos);
    }
}
