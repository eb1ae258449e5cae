package io.blocksmith.stage;

import io.blocksmith.run.Assignment;
import io.blocksmith.train.GradientExchange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * The gradient shards of an attempt at E2E-QP by way of the store. Every replica computes the shards that it is expected
 * to, puts them, waits for the others, and reads all of them in order. What an earlier attempt left is read, not computed;
 * so the shards are a redo log as well.
 *
 * <p>A shard that does not come is taken over after a while. Two replicas that compute one shard put the same numbers.
 */
final class SharedGradients implements GradientExchange {
    private final ExchangeObjects objects;
    private final List<Earlier> earlier;
    private final Assignment assignment;
    private final String numerics;
    private final String self;
    private final Replicas replicas;
    private final ExchangePace pace;
    private final LongSupplier nanoTime;
    private final LongConsumer wait;
    private final LongConsumer beforeComputing;

    private boolean shared;
    private long lastLookNanos;
    private boolean looked;
    private long shardNanos = -1;
    private final Set<String> helpers = new TreeSet<>();
    private long helpedShards;

    /** What an earlier attempt left when this one began. */
    private record Earlier(ExchangeObjects objects, Set<Long> steps) {}

    /**
     * @param self {@link Replicas#LEADER}, or the name of a helper
     * @param numerics what this replica computes with
     * @param wait told how long it was waited, in nanoseconds, lets a short time pass; throws when the attempt is over for
     *     this replica
     * @param beforeComputing told the step before a shard of it is computed; throws when others are past it
     */
    SharedGradients(
            ExchangeObjects objects,
            Assignment assignment,
            String self,
            String numerics,
            ExchangePace pace,
            LongSupplier nanoTime,
            LongConsumer wait,
            LongConsumer beforeComputing) {
        this.objects = objects;
        this.earlier = objects.earlier().stream()
                .map(before -> new Earlier(before, before.steps()))
                .toList();
        this.assignment = assignment;
        this.self = self;
        this.replicas = new Replicas(self);
        this.numerics = numerics;
        this.pace = pace;
        this.nanoTime = nanoTime;
        this.wait = wait;
        this.beforeComputing = beforeComputing;
    }

    /** Shares every step from now on. */
    void share() {
        shared = true;
    }

    /** Looks, now and then, for helpers that have announced themselves; whether any is new. */
    boolean someoneIsNew() {
        long now = nanoTime.getAsLong();
        if (looked && now - lastLookNanos < pace.announcements().toNanos()) {
            return false;
        }
        looked = true;
        lastLookNanos = now;
        return replicas.announced(objects.helpers());
    }

    /** Shards that others computed for this replica. */
    long helpedShards() {
        return helpedShards;
    }

    /** Who computed them. */
    Set<String> helpers() {
        return Set.copyOf(helpers);
    }

    @Override
    public double gather(long step, Shards shards) {
        return shared ? gatherShared(step, shards) : gatherAlone(step, shards);
    }

    private double gatherAlone(long step, Shards shards) {
        double loss = 0;
        for (int shard = 0; shard < shards.count(); shard++) {
            loss += produce(step, shard, shards);
            shards.add();
        }
        return loss;
    }

    /** Has the shard at hand: from an earlier attempt, or computed. */
    private double produce(long step, int shard, Shards shards) {
        for (Earlier before : earlier) {
            if (before.steps().contains(step)) {
                Optional<GradientFile.Found> found = before.objects().read(key(step, shard), shards.part());
                if (found.isPresent()) {
                    return found.get().loss();
                }
            }
        }
        beforeComputing.accept(step);
        long start = nanoTime.getAsLong();
        double loss = shards.compute(shard);
        shardNanos = nanoTime.getAsLong() - start;
        return loss;
    }

    private double publish(long step, int shard, Shards shards) {
        double loss = produce(step, shard, shards);
        objects.put(key(step, shard), loss, self, shards.part());
        return loss;
    }

    private double gatherShared(long step, Shards shards) {
        if (!self.equals(Replicas.LEADER)) {
            // The leader looks between steps, where it can save for whom it finds.
            someoneIsNew();
        }
        List<String> owners = replicas.owners(shards.count());
        for (int shard = 0; shard < shards.count(); shard++) {
            // Somebody who counts on fewer replicas may have been faster.
            if (owners.get(shard).equals(self) && !objects.shards(step).contains(shard)) {
                publish(step, shard, shards);
            }
        }
        awaitOthers(step, shards);
        double loss = 0;
        List<String> workers = new ArrayList<>();
        for (int shard = 0; shard < shards.count(); shard++) {
            Optional<GradientFile.Found> found = objects.read(key(step, shard), shards.part());
            loss += found.isPresent() ? found.get().loss() : publish(step, shard, shards);
            shards.add();
            workers.add(found.isPresent() ? found.get().worker() : self);
        }
        workers.stream().filter(worker -> !worker.equals(self)).forEach(worker -> {
            helpers.add(worker);
            helpedShards++;
        });
        replicas.delivered(owners, workers);
        return loss;
    }

    /** Until every shard is there; takes over those that do not come, one by one. */
    private void awaitOthers(long step, Shards shards) {
        Set<Integer> there = new HashSet<>();
        long lastNanos = nanoTime.getAsLong();
        while (true) {
            if (there.addAll(objects.shards(step))) {
                lastNanos = nanoTime.getAsLong();
            }
            OptionalInt missing = missing(shards.count(), there);
            if (missing.isEmpty()) {
                return;
            }
            long waitedNanos = nanoTime.getAsLong() - lastNanos;
            if (waitedNanos >= patienceNanos()) {
                publish(step, missing.getAsInt(), shards);
                // Not news of the others: their patience is at an end.
                there.add(missing.getAsInt());
            } else {
                wait.accept(waitedNanos);
            }
        }
    }

    /** A shard that is not there; replicas begin at different ones, so that they rarely take over the same. */
    private OptionalInt missing(int shards, Set<Integer> there) {
        int start = Math.floorMod(self.hashCode(), shards);
        return IntStream.range(start, start + shards)
                .map(shard -> shard % shards)
                .filter(shard -> !there.contains(shard))
                .findFirst();
    }

    private long patienceNanos() {
        return shardNanos < 0
                ? pace.firstPatience().toNanos()
                : Math.max(pace.leastPatience().toNanos(), pace.patience() * shardNanos);
    }

    private GradientFile.Key key(long step, int shard) {
        return new GradientFile.Key(
                step,
                shard,
                assignment.adjustment().microBatches(),
                assignment.adjustment().learningRateFactor(),
                numerics);
    }
}
