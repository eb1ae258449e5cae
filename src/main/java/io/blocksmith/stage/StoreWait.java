package io.blocksmith.stage;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets a short time pass between two looks into the store.
 *
 * @param check run first; throws when there is nothing to wait for any more
 */
record StoreWait(Duration poll, Runnable check) implements Runnable {
    @Override
    public void run() {
        check.run();
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted while waiting for other replicas");
        }
        LockSupport.parkNanos(poll.toNanos());
    }
}
