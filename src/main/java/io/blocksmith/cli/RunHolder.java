package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Lease.Verdict;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Keeps a second start off a run that somebody holds, and knows the processes and the time of this machine. */
final class RunHolder {
    /** This machine's time. */
    static final Lease.Watch WATCH = new Lease.Watch() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public void await(Duration time) {
            LockSupport.parkNanos(time.toNanos());
        }
    };

    /** This machine's processes. */
    static final Lease.Processes PROCESSES = new Lease.Processes() {
        @Override
        public String host() {
            return Supervision.host();
        }

        @Override
        public boolean isAlive(long pid) {
            // A container that starts again has the same name and often the same process id: it was we who died.
            return pid != ProcessHandle.current().pid()
                    && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        }
    };

    private RunHolder() {}

    /**
     * Returns when nobody holds the run, or when its holder has been silent for {@code lease} and may be taken for dead.
     *
     * @throws BlocksmithException naming the holder
     */
    static void requireFree(ObjectStore store, String run, Duration lease, boolean takeover) {
        switch (new Lease(store, PROCESSES, WATCH).judge(lease)) {
            case Verdict.Free _ -> {}
            case Verdict.Held(LiveStatus by) ->
                throw BlocksmithException.environment(
                        null,
                        "%s is held by %s (epoch %d), which is alive: wait for it, or stop it first (blocksmith"
                                + " cancel)",
                        run,
                        by.holder(),
                        by.epoch());
            case Verdict.Expired(LiveStatus by) -> {
                if (!takeover) {
                    throw BlocksmithException.environment(
                            null,
                            "%s was held by %s (epoch %d), which did not release it and has been silent for %d s: if"
                                    + " it is dead, start again with --takeover",
                            run,
                            by.holder(),
                            by.epoch(),
                            lease.toSeconds());
                }
                System.err.printf("taking over from %s, silent for %d s%n", by.holder(), lease.toSeconds());
            }
        }
    }
}
