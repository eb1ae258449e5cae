package io.blocksmith.status;

import io.blocksmith.run.Plan;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
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
    /**
     * How much of its stage an attempt found, because it went on from a checkpoint, and how much it has done itself, each
     * from 0 to 1. Computing the targets is done by each attempt anew.
     */
    record Share(double found, double own) {
        static final Share NOTHING = new Share(0, 0);

        double sum() {
            return found + own;
        }
    }

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
        running.forEach(progress ->
                latest.put(progress.ticket().stage(), share(progress, state).sum()));
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

    /** What of its stage an attempt has done by now. */
    Share share(Progress progress, RunState state) {
        Stage stage = progress.ticket().stage();
        double pass = pass(stage);
        double training = 1 - 2 * pass;
        double found = state.stage(stage) instanceof Running running
                        && running.ticket().equals(progress.ticket())
                ? training * Math.min(1, (double) running.saved().step() / Math.max(1, steps(stage)))
                : 0;
        double steps = progress.steps() == 0 ? 0 : (double) progress.step() / progress.steps();
        double own = switch (progress.phase()) {
            case "targets" -> pass * steps;
            case "train" -> pass + Math.max(0, training * steps - found);
            case "propagate" -> pass + training - found + pass * steps;
            case "seal", "verify" -> 1 - found;
            default -> steps;
        };
        return new Share(found, own);
    }

    /** The share of a trained block that one pass over all windows is, before training or after it; 0 for other stages. */
    private double pass(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock _ -> windows(recipe.calibration().trainSamples()) / work(stage);
            case Stage.RepairBlock _ -> windows(recipe.blockAp().repair().samples()) / work(stage);
            case Stage.Capture _, Stage.EndToEnd _, Stage.Evaluate _, Stage.Export _, Stage.Report _ -> 0;
        };
    }

    /** Optimizer steps. */
    private long steps(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock _ ->
                recipe.blockAp().steps(recipe.calibration().trainSamples());
            case Stage.RepairBlock _ ->
                recipe.blockAp().steps(recipe.blockAp().repair().samples());
            case Stage.EndToEnd _ -> recipe.endToEnd().steps();
            case Stage.Capture _, Stage.Evaluate _, Stage.Export _, Stage.Report _ -> 0;
        };
    }

    private double work(Stage stage) {
        return switch (stage) {
            case Stage.Capture(int segment, int _) ->
                segment == 0
                        ? SMALL
                        : windows(recipe.calibration().trainSamples()) * segmentBefore(segment) / plan.captureParts();
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
        int epochs = recipe.blockAp().epochs();
        // Before the first epoch and after each.
        double validated = windows(0) * (epochs + 1);
        return 3.0 * epochs * (windows(trainSamples) - windows(0)) + validated + 2 * windows(trainSamples);
    }

    /** Tokens of {@code trained} windows and those for validation. */
    private double windows(int trained) {
        return (double) (trained + recipe.calibration().validationSamples())
                * recipe.calibration().sequenceLength();
    }

    private int segmentBefore(int segment) {
        return plan.segments().ranges().get(segment - 1).size();
    }
}
