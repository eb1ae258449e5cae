package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Waiting;
import io.blocksmith.spec.Recipe;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What to do about a stage that has failed, by the kind of its failures. Budgets count failures since the stage last made
 * durable progress, because a long block may well lose three workers, each after hours of saved work.
 *
 * @param tries failures without progress that a stage may have in all; fewer when they happened on two workers
 * @param lostWorkers workers that may be lost in a row without progress: losing one says little about the stage
 * @param blockParts largest number of parts that a batch of Block-AP can be cut into
 * @param shardParts largest number of parts that a gradient shard of E2E-QP can be cut into
 */
public record FailurePolicy(int tries, int lostWorkers, int blockParts, int shardParts) {
    /** Losses that were not finite: replayed once, then once more at this rate. */
    private static final double HALVED = 0.5;

    private static final int NOT_FINITE_TRIES = 3;
    private static final int NODES = 2;
    private static final int HANGS_PER_WORKER = 2;

    /** Budgets for a recipe. */
    public static FailurePolicy of(Recipe recipe, int tries, int lostWorkers) {
        int perShard =
                Math.ceilDiv(recipe.endToEnd().batchSize(), recipe.endToEnd().gradientShards());
        return new FailurePolicy(tries, lostWorkers, recipe.blockAp().batchSize(), perShard);
    }

    /** The policy's answer. */
    public sealed interface Verdict {
        /** Another attempt may start, elsewhere than on {@code avoided} if there is a choice. */
        record Retry(Adjustment adjustment, Set<String> avoided) implements Verdict {
            public Retry {
                avoided = Set.copyOf(avoided);
            }
        }

        /** Nothing may start until the store takes objects again. */
        record AwaitStore(String reason) implements Verdict {}

        /** The run must stop; {@code reason} tells a person why. */
        record GiveUp(String reason) implements Verdict {}
    }

    /**
     * Decides by the latest failure, and by those that count with it.
     *
     * @param waiting the stage's failures since a person last started the run; none is a reason to try
     */
    public Verdict judge(Stage stage, Waiting waiting) {
        List<Failure> failures = waiting.failures();
        Adjustment adjustment = adjustment(waiting);
        if (failures.isEmpty()) {
            return new Verdict.Retry(adjustment, Set.of());
        }
        Failure last = failures.getLast();
        return switch (last.category()) {
            case USER -> giveUp(stage, failures, "");
            case STORE_FULL, STORE_UNAVAILABLE -> new Verdict.AwaitStore(last.reason());
            case DEVICE_MEMORY ->
                adjustment.microBatches() <= parts(stage)
                        ? new Verdict.Retry(adjustment, Set.of())
                        : giveUp(stage, failures, "; a batch cannot be cut any further");
            case NOT_FINITE ->
                count(failures, Category.NOT_FINITE) < NOT_FINITE_TRIES
                        ? new Verdict.Retry(adjustment, Set.of())
                        : giveUp(stage, failures, ", also replayed and at half the learning rate");
            case WORKER_LOST ->
                counted(failures, Category.WORKER_LOST) < lostWorkers
                        ? new Verdict.Retry(adjustment, avoided(failures))
                        : giveUp(stage, failures, ", %d workers in a row without progress".formatted(lostWorkers));
            case ENVIRONMENT, TRANSIENT, HUNG, DAMAGED, DEFECT ->
                isPoison(failures) ? giveUp(stage, failures, "") : new Verdict.Retry(adjustment, avoided(failures));
        };
    }

    /**
     * How the next attempt differs from the recipe. A stage that has to leave its result once more leaves it as it did
     * before, because others are built on those bytes.
     */
    static Adjustment adjustment(Waiting waiting) {
        int parts = 1 << Math.min(20, count(waiting.failures(), Category.DEVICE_MEMORY));
        double factor = count(waiting.failures(), Category.NOT_FINITE) > 1 ? HALVED : 1;
        return waiting.before()
                .map(before -> new Adjustment(before.learningRateFactor(), Math.max(before.microBatches(), parts)))
                .orElse(new Adjustment(factor, parts));
    }

    private int parts(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock _ -> blockParts;
            case Stage.RepairBlock _ -> blockParts;
            case Stage.EndToEnd _ -> shardParts;
            case Stage.Capture _ -> 1;
            case Stage.Evaluate _ -> 1;
            case Stage.Export _ -> 1;
            case Stage.Report _ -> 1;
        };
    }

    /** A stage that fails on two workers, or three times, fails because of itself. */
    private boolean isPoison(List<Failure> failures) {
        List<Failure> counted = failures.stream()
                .skip(failures.size() - (long) sinceProgress(failures))
                .filter(failure -> blamesTheStage(failure.category()))
                .toList();
        Set<String> workers = new HashSet<>();
        counted.forEach(failure -> workers.add(failure.worker()));
        return counted.size() >= tries
                || (workers.size() >= NODES && failures.getLast().category() != Category.DAMAGED);
    }

    private static boolean blamesTheStage(Category category) {
        return switch (category) {
            case ENVIRONMENT, TRANSIENT, HUNG, DAMAGED, DEFECT -> true;
            case USER, NOT_FINITE, DEVICE_MEMORY, STORE_FULL, STORE_UNAVAILABLE, WORKER_LOST -> false;
        };
    }

    /** Workers on which the stage hung twice, or met an environment that only an operator can change. */
    private static Set<String> avoided(List<Failure> failures) {
        Set<String> avoided = new HashSet<>();
        for (Failure failure : failures) {
            long hangs = failures.stream()
                    .filter(other ->
                            other.category() == Category.HUNG && other.worker().equals(failure.worker()))
                    .count();
            if (hangs >= HANGS_PER_WORKER || failure.category() == Category.ENVIRONMENT) {
                avoided.add(failure.worker());
            }
        }
        return avoided;
    }

    /** Number of failures from the last one on before which something new was saved. */
    private static int sinceProgress(List<Failure> failures) {
        int first = 0;
        for (int i = 1; i < failures.size(); i++) {
            long reached = failures.get(i).savedStep();
            // It becomes less only when a stage starts anew, at another learning rate.
            if (reached > 0 && reached != failures.get(i - 1).savedStep()) {
                first = i;
            }
        }
        return failures.size() - first;
    }

    private static int counted(List<Failure> failures, Category category) {
        return count(failures.subList(failures.size() - sinceProgress(failures), failures.size()), category);
    }

    private static int count(List<Failure> failures, Category category) {
        int count = 0;
        for (Failure failure : failures) {
            if (failure.category() == category) {
                count++;
            }
        }
        return count;
    }

    private static Verdict giveUp(Stage stage, List<Failure> failures, String besides) {
        Failure last = failures.getLast();
        String times = failures.size() == 1 ? "failed" : "failed %d times, last".formatted(failures.size());
        return new Verdict.GiveUp(
                "%s %s on %s%s: %s".formatted(stage.key(), times, last.worker(), besides, last.reason()));
    }

    /** Seconds to wait before the next attempt: none after the first failure, then more each time, at most a minute. */
    public static int pauseSeconds(List<Failure> failures) {
        if (failures.isEmpty()
                || failures.getLast().category() == Category.WORKER_LOST
                || failures.getLast().category() == Category.DEVICE_MEMORY) {
            return 0;
        }
        int counted = sinceProgress(failures);
        return counted < 2 ? 0 : Math.min(60, 1 << Math.min(6, counted));
    }

    /** The worker whose failures a stage should not meet again soon, for choosing among several. */
    static Optional<String> lastWorker(List<Failure> failures) {
        return failures.isEmpty()
                ? Optional.empty()
                : Optional.of(failures.getLast().worker());
    }
}
