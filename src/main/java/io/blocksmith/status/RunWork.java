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
    /** Shares of a block: of its passes, the first is a fifth or so, and training is nearly all of the rest. */
    private static final double TARGETS = 0.1;

    private static final double TRAINING = 0.8;

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
        Map<Stage, Double> latest = new HashMap<>();
        running.forEach(progress -> latest.put(progress.ticket().stage(), share(progress)));
        return fraction(state, latest);
    }

    /** The same, where of some stages that are not committed these shares are done. */
    double fraction(RunState state, Map<Stage, Double> shares) {
        if (state.phase() == RunState.Phase.COMPLETED) {
            // Not the sum of many small numbers, which may miss it by a last bit.
            return 1;
        }
        double done = 0;
        for (Stage stage : plan.stages()) {
            done += work(stage) * (state.isCommitted(stage) ? 1 : shares.getOrDefault(stage, 0.0));
        }
        return done / total();
    }

    /** The share of the run that a stage of it is. */
    double part(Stage stage) {
        return work(stage) / total();
    }

    private double total() {
        return plan.stages().stream().mapToDouble(this::work).sum();
    }

    /** The share of its stage that an attempt has done. */
    static double share(Progress progress) {
        double steps = progress.steps() == 0 ? 0 : (double) progress.step() / progress.steps();
        return switch (progress.phase()) {
            case "targets" -> TARGETS * steps;
            case "propagate" -> TARGETS + TRAINING + (1 - TARGETS - TRAINING) * steps;
            case "seal", "verify" -> 1;
            case "train" -> trained(progress.ticket().stage(), steps);
            default -> steps;
        };
    }

    /** The part of {@link #share} that the attempt did not do but found, because it went on after {@code savedStep}. */
    static double found(Progress progress, long savedStep) {
        if (savedStep == 0 || progress.steps() == 0) {
            return 0;
        }
        double steps = Math.min(1, (double) savedStep / progress.steps());
        return Math.min(share(progress), trained(progress.ticket().stage(), steps));
    }

    private static double trained(Stage stage, double steps) {
        return stage instanceof Stage.EndToEnd ? steps : TARGETS + TRAINING * steps;
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
