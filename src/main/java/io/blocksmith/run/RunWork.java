package io.blocksmith.run;

import io.blocksmith.spec.Recipe;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * How much of a run is done, and how much is left. The unit is one token through one block forward; a training step counts
 * as three (forward, and a backward of twice the products).
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
     * The work of a run. A text that is evaluated whole counts as the held-out windows, because only workers have it.
     */
    public RunWork(Plan plan, Recipe recipe) {
        this.plan = plan;
        this.recipe = recipe;
        this.blocks = plan.segments().blocks();
        int windows = recipe.evaluation().windows() > 0
                ? recipe.evaluation().windows()
                : recipe.calibration().validationSamples();
        this.evaluatedTokens = (double) windows * recipe.evaluation().context();
    }

    /** The share of the run that {@code state} and the progress of its running attempts amount to, from 0 to 1. */
    public double fraction(RunState state, Collection<Progress> running) {
        if (state.phase() == RunState.Phase.COMPLETED) {
            // Not the sum of many small numbers, which may miss it by a last bit.
            return 1;
        }
        Map<Stage, Double> left = left(state, running);
        return 1 - left.values().stream().mapToDouble(Double::doubleValue).sum() / total();
    }

    /**
     * How long the rest takes, in shares of the run that one worker does: one after the other with one worker, no shorter
     * than the longest chain of stages with any number. Between the two it is what a schedule that leaves no worker idle
     * without need takes at most (R. L. Graham, Bounds on multiprocessing timing anomalies, 1969).
     *
     * @param workers at least 1
     */
    double rest(RunState state, Collection<Progress> running, int workers) {
        Map<Stage, Double> left = left(state, running);
        Map<Stage, Double> chains = new HashMap<>();
        double sum = 0;
        double longest = 0;
        for (Stage stage : plan.stages()) {
            double own = left.get(stage);
            double chain = own
                    + plan.prerequisites(stage).stream()
                            .mapToDouble(chains::get)
                            .max()
                            .orElse(0);
            chains.put(stage, chain);
            sum += own;
            longest = Math.max(longest, chain);
        }
        return (sum / workers + longest * (1 - 1.0 / workers)) / total();
    }

    /** The work that each stage still is; what a stage that waits has in its checkpoint is not to be done again. */
    private Map<Stage, Double> left(RunState state, Collection<Progress> running) {
        Map<Stage, Double> done = new HashMap<>();
        running.forEach(progress ->
                done.put(progress.ticket().stage(), share(progress, state).sum()));
        Map<Stage, Double> left = new HashMap<>();
        for (Stage stage : plan.stages()) {
            double share = state.isCommitted(stage) ? 1 : done.getOrDefault(stage, found(stage, state));
            left.put(stage, work(stage) * (1 - share));
        }
        return left;
    }

    /** The share of the run that a stage of it is. */
    double part(Stage stage) {
        return work(stage) / total();
    }

    private double total() {
        return plan.stages().stream().mapToDouble(this::work).sum();
    }

    /** What of its stage a running attempt has found and done by now. */
    Share share(Progress progress, RunState state) {
        Stage stage = progress.ticket().stage();
        double pass = pass(stage);
        double training = 1 - 2 * pass;
        double found = found(stage, state);
        double steps = progress.steps() == 0 ? 0 : (double) progress.step() / progress.steps();
        boolean trains = steps(stage) > 0;
        double own = switch (progress.phase()) {
            case "targets" -> pass * steps;
            case "train" -> pass + Math.max(0, training * steps - found);
            case "propagate" -> pass + training - found + pass * steps;
            case "seal", "verify" -> 1 - found;
            // What comes before the work itself, and how long it is, differs from attempt to attempt.
            case "check", "embed", "load" -> 0;
            default -> trains ? 0 : steps;
        };
        return new Share(found, own);
    }

    /** The share of a stage that its newest checkpoint holds. */
    private double found(Stage stage, RunState state) {
        long saved = switch (state.stage(stage)) {
            case StageState.Waiting waiting -> waiting.saved().step();
            case StageState.Running running -> running.saved().step();
            case StageState.Committed _ -> 0;
        };
        return (1 - 2 * pass(stage)) * Math.min(1, (double) saved / Math.max(1, steps(stage)));
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
