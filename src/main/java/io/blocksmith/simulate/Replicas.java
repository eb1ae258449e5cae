package io.blocksmith.simulate;

import io.blocksmith.simulate.SharedStep.Part;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** Who takes part in one attempt at E2E-QP, beside the leader. */
final class Replicas {
    /** Times that an own shard takes, after which one of another replica is taken over; {@code stage.ExchangePace}. */
    private static final double PATIENCE = 3;
    /** Not before so many seconds. */
    private static final double LEAST_PATIENCE = 1;

    private final SharedStep step;
    private final double bytesPerSecond;
    private final Tally tally;
    private final Set<String> met = new HashSet<>();
    /** Those who wait for a checkpoint to start from. */
    private final List<Node> awaiting = new ArrayList<>();

    private final List<Node> active = new ArrayList<>();
    private OptionalLong sharedSince = OptionalLong.empty();
    private double waiting;
    private double redoing;

    Replicas(SharedStep step, double bytesPerSecond, Tally tally) {
        this.step = step;
        this.bytesPerSecond = bytesPerSecond;
        this.tally = tally;
    }

    private int count() {
        return 1 + active.size();
    }

    /** The step from which on all are shared, once there is a helper. */
    OptionalLong sharedSince() {
        return sharedSince;
    }

    Part leader(boolean replayed) {
        if (replayed) {
            return step.replayed(bytesPerSecond);
        }
        return sharedSince.isPresent() ? step.leader(count(), bytesPerSecond) : new Part(step.alone(), 0, 0);
    }

    /** Counts what helpers did in {@code steps} steps, and what all have exchanged. */
    void stepped(double steps, boolean replayed) {
        if (replayed) {
            tally.moved(Traffic.EXCHANGE, steps * step.traffic(count()) * count() / (1 + count()));
            active.forEach(
                    _ -> tally.stored(steps * step.replayed(bytesPerSecond).storing()));
        } else if (sharedSince.isPresent()) {
            tally.moved(Traffic.EXCHANGE, steps * step.traffic(count()));
            for (int index = 1; index < count(); index++) {
                Part part = step.helper(index, count(), bytesPerSecond);
                tally.computed(steps * part.computing());
                tally.stored(steps * part.storing());
            }
        }
    }

    boolean knows(Node helper) {
        return met.contains(helper.name());
    }

    /** Has a helper that nobody knew wait for the next checkpoint. */
    void welcome(Node helper) {
        met.add(helper.name());
        awaiting.add(helper);
    }

    boolean isAwaited() {
        return !awaiting.isEmpty();
    }

    /** Those who start from the checkpoint that is saved after {@code saved} steps; all steps from there on are shared. */
    List<Node> begin(long saved) {
        List<Node> joining = List.copyOf(awaiting);
        awaiting.clear();
        if (!joining.isEmpty() && sharedSince.isEmpty()) {
            sharedSince = OptionalLong.of(saved);
        }
        return joining;
    }

    void take(Node helper) {
        if (!active.contains(helper)) {
            active.add(helper);
        }
    }

    /**
     * The others wait for its shards, and then compute them.
     *
     * @param done how much of the present step is done, 0 to 1; so much of its share is lost
     */
    void leaves(Node helper, double done) {
        awaiting.remove(helper);
        int index = 1 + active.indexOf(helper);
        if (index > 0) {
            int share = step.share(index, count());
            active.remove(helper);
            if (share > 0) {
                waiting += Math.max(LEAST_PATIENCE, PATIENCE * step.shardSeconds());
                // The rest of the step is slower from now on, which counts what of the share was not computed yet.
                redoing += done * share * step.shardSeconds();
            }
        }
    }

    /** Seconds that all have to wait for those who left since this was asked last. */
    double takeWaiting() {
        double seconds = waiting;
        waiting = 0;
        return seconds;
    }

    /** Seconds that those who are left take together to compute lost shards; asked once. */
    double takeRedoing() {
        double seconds = redoing / count();
        redoing = 0;
        return seconds;
    }

    /** Counts computing that was done before by somebody who left. */
    void redid(double seconds) {
        tally.computed(seconds * count());
        tally.lost(seconds * count(), 0);
    }
}
