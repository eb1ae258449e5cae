package io.blocksmith.stage;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Lets a short time pass between two looks into the store: the longer the wait was so far, in nanoseconds, the longer, so
 * that hours of waiting cost no millions of requests, and at most an eighth more time.
 *
 * @param poll the shortest
 * @param check run first; throws when there is nothing to wait for any more
 */
record StoreWait(Duration poll, Runnable check) implements LongConsumer {
    private static final long LONGEST_NANOS = 1_000_000_000;
    private static final int SHARE = 8;

    @Override
    public void accept(long waitedNanos) {
        check.run();
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted while waiting for other replicas");
        }
        LockSupport.parkNanos(nanos(waitedNanos));
    }

    /** How long to wait after so long. */
    long nanos(long waitedNanos) {
        return Math.max(poll.toNanos(), Math.min(LONGEST_NANOS, waitedNanos / SHARE));
    }
}
