package io.blocksmith.status;

import io.blocksmith.run.Plan;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.spec.Recipe;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * How much of a run is done, for the progress line and its estimate of the time left. The unit is one token through one
 * block forward; a training step counts as three (forward, and a backward of twice the products).
 */
public final class RunWork {
    private static final double SMALL = 1;

    private final Plan plan;
    private final Recipe recipe;
    private final int blocks;
    private final double evaluatedTokens;

    /**
     * The work of a run.
     *
     * @param blocks decoder layers of the model
     * @param evaluatedTokens tokens that each perplexity is measured on
     */
    public RunWork(Plan plan, Recipe recipe, int blocks, double evaluatedTokens) {
        this.plan = plan;
        this.recipe = recipe;
        this.blocks = blocks;
        this.evaluatedTokens = evaluatedTokens;
    }

    /** The work of a run whose evaluation text is not at hand; one that is measured whole counts as the held-out windows. */
    public static RunWork of(Plan plan, Recipe recipe, int blocks) {
        int windows = recipe.evaluation().windows() > 0
                ? recipe.evaluation().windows()
                : recipe.calibration().validationSamples();
        return new RunWork(
                plan, recipe, blocks, (double) windows * recipe.evaluation().context());
    }

    /** The share of the run that {@code state} and the progress of its running attempts amount to, from 0 to 1. */
    public double fraction(RunState state, Collection<Progress> running) {
        if (state.phase() == RunState.Phase.COMPLETED) {
            // Not the sum of many small numbers, which may miss it by a last bit.
            return 1;
        }
        Map<Stage, Progress> latest = new HashMap<>();
        running.forEach(progress -> latest.put(progress.ticket().stage(), progress));
        double done = 0;
        double total = 0;
        for (Stage stage : plan.stages()) {
            double work = work(stage);
            total += work;
            if (state.isCommitted(stage)) {
                done += work;
            } else if (latest.containsKey(stage)) {
                done += work * within(latest.get(stage));
            }
        }
        return done / total;
    }

    /** The share of a stage; of a block's passes, the first is a fifth or so and training is nearly all of the rest. */
    private static double within(Progress progress) {
        double steps = progress.steps() == 0 ? 0 : (double) progress.step() / progress.steps();
        return switch (progress.phase()) {
            case "targets" -> 0.1 * steps;
            case "propagate" -> 0.9 + 0.1 * steps;
            case "seal", "verify" -> 1;
            case "train" -> progress.ticket().stage() instanceof Stage.EndToEnd ? steps : 0.1 + 0.8 * steps;
            default -> steps;
        };
    }

    private double work(Stage stage) {
        return switch (stage) {
            case Stage.Capture(int segment, int _) ->
                segment == 0 ? SMALL : allWindows() * segmentBefore(segment) / plan.captureParts();
            case Stage.TrainBlock _ -> blockAp(recipe.calibration().trainSamples());
            case Stage.RepairBlock _ -> blockAp(recipe.blockAp().repair().samples());
            case Stage.EndToEnd _ -> {
                double tokens =
                        (double) recipe.endToEnd().samples() * recipe.endToEnd().sequenceLength();
                // Forward, forward again, backward.
                yield 4 * tokens * recipe.endToEnd().epochs() * blocks + SMALL;
            }
            case Stage.Evaluate _ -> evaluatedTokens * blocks;
            case Stage.Export _ -> SMALL;
            case Stage.Report _ -> SMALL;
        };
    }

    private double blockAp(int trainSamples) {
        double trained = (double) trainSamples * recipe.calibration().sequenceLength();
        return 3 * trained * recipe.blockAp().epochs() + 2 * allWindows();
    }

    private double allWindows() {
        int samples = recipe.calibration().trainSamples() + recipe.calibration().validationSamples();
        return (double) samples * recipe.calibration().sequenceLength();
    }

    private int segmentBefore(int segment) {
        return plan.segments().ranges().get(segment - 1).size();
    }
}
