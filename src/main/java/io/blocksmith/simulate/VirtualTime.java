package io.blocksmith.simulate;

import java.time.Duration;
import java.util.PriorityQueue;

/** A clock that stands still until the next thing is due; things due at once happen in the order they were asked for. */
public final class VirtualTime {
    private static final double NANOS = 1e9;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private record Due(long at, long order, Runnable what) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return at == other.at ? Long.compare(order, other.order) : Long.compare(at, other.at);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long nanos;
    private long order;

    public long millis() {
        return nanos / NANOS_PER_MILLI;
    }

    public double seconds() {
        return nanos / NANOS;
    }

    public Duration now() {
        return Duration.ofNanos(nanos);
    }

    /** Does {@code what} after {@code delay} milliseconds. */
    public void after(long delay, Runnable what) {
        at(Math.addExact(nanos, Math.multiplyExact(delay, NANOS_PER_MILLI)), what);
    }

    /** Does {@code what} after some seconds; never, when they do not fit this clock's 292 years. */
    public void afterSeconds(double delay, Runnable what) {
        double due = nanos + delay * NANOS;
        if (due < Long.MAX_VALUE) {
            at(nanos + Math.round(delay * NANOS), what);
        }
    }

    private void at(long due, Runnable what) {
        queue.add(new Due(due, order++, what));
    }

    /** Whether anything is due until {@code latest} seconds. */
    public boolean hasNextUntil(double latest) {
        return !queue.isEmpty() && queue.peek().at() / NANOS <= latest;
    }

    /** Goes to the next thing and does it. */
    public void step() {
        Due next = queue.remove();
        nanos = next.at();
        next.what().run();
    }
}
