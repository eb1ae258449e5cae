package io.blocksmith.run.simulation;

import java.time.Duration;
import java.util.PriorityQueue;

/** A clock that stands still until the next thing is due; things due at once happen in the order they were asked for. */
final class VirtualTime {
    private record Due(long at, long order, Runnable what) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return at == other.at ? Long.compare(order, other.order) : Long.compare(at, other.at);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long millis;
    private long order;

    long millis() {
        return millis;
    }

    Duration now() {
        return Duration.ofMillis(millis);
    }

    void after(long delay, Runnable what) {
        queue.add(new Due(millis + delay, order++, what));
    }

    /** Goes to the next thing and does it. */
    void step() {
        Due next = queue.remove();
        millis = next.at();
        next.what().run();
    }
}
