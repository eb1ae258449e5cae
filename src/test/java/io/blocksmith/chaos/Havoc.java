package io.blocksmith.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** Kills, freezes and stops random nodes at random times, one thing after the other. */
final class Havoc {
    private static final double TERMINATED = 0.1;
    private static final double FROZEN = 0.1;
    private static final double MEAN_FROZEN_SECONDS = 8;

    private final TestCluster cluster;
    private final Random random;
    private final Rate rate;
    private final int count;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private Toll toll = new Toll(0, 0, 0);

    /**
     * How often and whom.
     *
     * @param meanSeconds between two faults, which are exponentially distributed
     * @param coordinators share of the faults that hits coordinators, 0 to 1
     */
    record Rate(double meanSeconds, double coordinators) {}

    /**
     * What was done so far.
     *
     * @param killed by SIGKILL
     * @param terminated by SIGTERM
     * @param frozen by SIGSTOP for seconds, then SIGCONT
     */
    record Toll(int killed, int terminated, int frozen) {
        int sum() {
            return killed + terminated + frozen;
        }

        @Override
        public String toString() {
            return "%d faults: %d SIGKILL, %d SIGTERM, %d SIGSTOP and later SIGCONT"
                    .formatted(sum(), killed, terminated, frozen);
        }
    }

    private Havoc(TestCluster cluster, Random random, Rate rate, int count) {
        this.cluster = cluster;
        this.random = random;
        this.rate = rate;
        this.count = count;
    }

    /**
     * Begins at once.
     *
     * @param kills SIGKILLs to end after
     */
    static Havoc begin(TestCluster cluster, long seed, Rate rate, int kills) {
        Havoc havoc = new Havoc(cluster, new Random(seed), rate, kills);
        Thread.ofPlatform().daemon().name("havoc").start(havoc::wreak);
        return havoc;
    }

    private void wreak() {
        try {
            while (toll().killed() < count) {
                pass(rate.meanSeconds());
                List<TestNode> nodes =
                        random.nextDouble() < rate.coordinators() ? cluster.coordinators() : cluster.workers();
                strike(nodes.get(random.nextInt(nodes.size())), random.nextDouble());
            }
            over.complete(null);
        } catch (RuntimeException e) {
            over.completeExceptionally(e);
        }
    }

    private void strike(TestNode victim, double kind) {
        if (kind < TERMINATED) {
            victim.terminate();
            count(0, 1, 0);
        } else if (kind < TERMINATED + FROZEN) {
            victim.freeze();
            pass(MEAN_FROZEN_SECONDS);
            victim.thaw();
            count(0, 0, 1);
        } else {
            victim.kill();
            count(1, 0, 0);
        }
    }

    private synchronized void count(int killed, int terminated, int frozen) {
        toll = new Toll(toll.killed() + killed, toll.terminated() + terminated, toll.frozen() + frozen);
    }

    /** The time until the next fault is what this is about, so here it is waited for a time, not for a condition. */
    private void pass(double mean) {
        double seconds = -mean * Math.log(1 - random.nextDouble());
        long end = System.nanoTime() + Duration.ofNanos((long) (seconds * 1e9)).toNanos();
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    synchronized Toll toll() {
        return toll;
    }

    boolean isOver() {
        return over.isDone();
    }

    /** Waits for the end, and throws what went wrong. */
    void await() {
        over.join();
    }
}
