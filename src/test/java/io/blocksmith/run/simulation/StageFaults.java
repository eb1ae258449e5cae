package io.blocksmith.run.simulation;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** What is wrong with a run's own stages, whichever worker runs them; and how often attempts fail for no such reason. */
final class StageFaults {
    private static final List<Category> POISON =
            List.of(Category.USER, Category.DEFECT, Category.TRANSIENT, Category.HUNG, Category.WORKER_LOST);

    private final Random random;
    private final Map<Stage, Integer> nanTimes = new HashMap<>();
    private final Set<Stage> nanAtFullRate = new HashSet<>();
    private final Set<Stage> nanAlways = new HashSet<>();
    private final Map<Stage, Integer> partsNeeded = new HashMap<>();
    private final Map<Stage, Category> poison = new HashMap<>();
    private int failurePercent;
    private int hangPercent;

    StageFaults(Random random, Plan plan) {
        this.random = random;
        for (Stage stage : plan.stages()) {
            boolean training = stage instanceof TrainBlock || stage instanceof EndToEnd;
            if (training && random.nextInt(8) == 0) {
                nanTimes.put(stage, 1 + random.nextInt(2));
            }
            if (training && random.nextInt(15) == 0) {
                nanAtFullRate.add(stage);
            }
            if (training && random.nextInt(10) == 0) {
                partsNeeded.put(stage, 2);
            }
        }
        // What no retry mends stops the run; most runs are to go on for longer.
        if (random.nextInt(12) == 0) {
            List<Stage> stages = List.copyOf(plan.stages());
            Stage sick = stages.get(random.nextInt(stages.size()));
            switch (random.nextInt(3)) {
                case 0 -> nanAlways.add(sick);
                case 1 -> partsNeeded.put(sick, 64);
                default -> poison.put(sick, POISON.get(random.nextInt(POISON.size())));
            }
        }
        if (random.nextBoolean()) {
            failurePercent = random.nextInt(4);
        }
        if (random.nextInt(3) == 0) {
            hangPercent = 2;
        }
    }

    /** Only what lies in the stages stays wrong. */
    void cease() {
        failurePercent = 0;
        hangPercent = 0;
        nanTimes.clear();
    }

    boolean isNan(Stage stage, double learningRateFactor) {
        return nanAlways.contains(stage)
                || (learningRateFactor == 1 && nanAtFullRate.contains(stage))
                || (nanTimes.merge(stage, -1, Integer::sum) >= 0);
    }

    boolean fits(Stage stage, int parts) {
        return parts >= partsNeeded.getOrDefault(stage, 1);
    }

    Category poison(Stage stage) {
        return poison.get(stage);
    }

    /** Whether any stage can never succeed. */
    boolean isHopeless() {
        return !nanAlways.isEmpty() || !poison.isEmpty() || partsNeeded.containsValue(64);
    }

    /** Whether the stage needs half the learning rate, even undisturbed. */
    boolean needsHalfRate(Stage stage) {
        return nanAtFullRate.contains(stage);
    }

    boolean failsNow() {
        return random.nextInt(100) < failurePercent;
    }

    boolean hangsNow() {
        return random.nextInt(100) < hangPercent;
    }
}
