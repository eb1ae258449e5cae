package io.blocksmith.store;

import java.time.Duration;
import java.util.Optional;

/**
 * Whether somebody holds a run, told by whether its heartbeat moves while we watch. Durations are our own and monotonic:
 * no clock of another machine is believed. This spares people accidents; what keeps two holders from harm is the ledger.
 */
public final class Lease {
    private static final int LOOKS = 20;

    /** Time as this process sees it. */
    public interface Watch {
        /** As {@link System#nanoTime}. */
        long nanoTime();

        /** Returns after {@code time}, or soon after the thread is interrupted, with its flag set. */
        void await(Duration time);
    }

    /** Whether processes of this machine live. */
    public interface Processes {
        /** This machine as {@link LiveStatus#host} names it. */
        String host();

        boolean isAlive(long pid);
    }

    /** What the watching told. */
    public sealed interface Verdict {
        /** Nobody holds the run. */
        record Free(String why) implements Verdict {}

        /** Its holder lives. */
        record Held(LiveStatus by) implements Verdict {}

        /** Its holder has been silent for the whole lease: dead, frozen or cut off; a person decides to take over. */
        record Expired(LiveStatus by) implements Verdict {}
    }

    private final ObjectStore store;
    private final Processes processes;
    private final Watch watch;

    public Lease(ObjectStore store, Processes processes, Watch watch) {
        this.store = store;
        this.processes = processes;
        this.watch = watch;
    }

    /**
     * Watches for at most {@code lease}, which must be several times the interval of the heartbeat.
     *
     * @throws io.blocksmith.failure.BlocksmithException when the heartbeat cannot be read
     */
    public Verdict judge(Duration lease) {
        Optional<LiveStatus> first = LiveStatus.read(store);
        if (first.isEmpty()) {
            return new Verdict.Free("it never had a supervisor");
        }
        LiveStatus seen = first.get();
        if (seen.released()) {
            return new Verdict.Free("%s has released it".formatted(seen.holder()));
        }
        if (seen.host().equals(processes.host()) && !processes.isAlive(seen.pid())) {
            return new Verdict.Free(
                    "%s was process %d of this machine and is gone".formatted(seen.holder(), seen.pid()));
        }
        long start = watch.nanoTime();
        while (watch.nanoTime() - start < lease.toNanos()
                && !Thread.currentThread().isInterrupted()) {
            watch.await(lease.dividedBy(LOOKS));
            Optional<LiveStatus> now = LiveStatus.read(store);
            if (now.isEmpty() || now.get().released()) {
                return new Verdict.Free("%s has released it".formatted(seen.holder()));
            }
            if (!now.get().isBeatOf(seen)) {
                return new Verdict.Held(now.get());
            }
        }
        // Interrupted before the end, we have seen too little to call it dead.
        return watch.nanoTime() - start < lease.toNanos() ? new Verdict.Held(seen) : new Verdict.Expired(seen);
    }
}
