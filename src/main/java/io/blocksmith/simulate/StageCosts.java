package io.blocksmith.simulate;

import io.blocksmith.estimate.ModelSizes;
import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.estimate.StageBytes;
import io.blocksmith.estimate.StageWork;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import java.util.HashMap;
import java.util.Map;

/** What every stage of a run costs on one worker. */
public final class StageCosts {
    private final Recipe recipe;
    private final Plan plan;
    private final double rate;
    private final StageWork work;
    private final StageBytes bytes;
    private final ModelSizes sizes;
    private final Map<Stage, StageCost> costs = new HashMap<>();

    /**
     * The costs of a run on devices of one rate.
     *
     * @param rate floating-point operations a second, as {@link StageWork} counts them
     */
    public StageCosts(LlamaConfig config, Recipe recipe, double rate) {
        this.recipe = recipe;
        this.plan = Plan.of(recipe, config.blocks());
        this.rate = rate;
        this.work = new StageWork(config, recipe);
        this.bytes = StageBytes.of(config, recipe);
        // A shape is taken to be stored in 16 bits, as released models are.
        this.sizes = RunEstimate.of(config, 2 * config.parameters(), TensorType.BF16, recipe)
                .sizes();
        plan.stages().forEach(stage -> costs.put(stage, cost(stage)));
    }

    /** The rate of a device that takes {@code seconds} for a Block-AP step. */
    public static double rate(LlamaConfig config, Recipe recipe, double seconds) {
        return new StageWork(config, recipe).blockStep() / seconds;
    }

    /** The stages that these are the costs of. */
    public Plan plan() {
        return plan;
    }

    StageCost of(Stage stage) {
        return costs.get(stage);
    }

    /** How E2E-QP is shared. */
    SharedStep sharedStep() {
        double training =
                work.endToEndTraining() / rate / Math.max(1, recipe.endToEnd().steps());
        return new SharedStep(work.shards(), training / work.shards(), validation(), bytes.gradientShard());
    }

    /** Seconds of validation for each step of E2E-QP. */
    private double validation() {
        return work.endToEndValidation() / rate / Math.max(1, recipe.endToEnd().steps());
    }

    private StageCost cost(Stage stage) {
        return switch (stage) {
            case Capture(int segment, int _) -> capture(segment);
            case TrainBlock(int block) -> train(block);
            case RepairBlock(int block) -> repair(block);
            case EndToEnd() -> endToEnd();
            case Export export ->
                StageCost.untrained(
                        0,
                        packed() + bytes.scales(),
                        0,
                        0,
                        switch (export.format()) {
                            case GPTQ -> sizes.gptq();
                            case DEQUANTIZED -> sizes.dequantized();
                        });
            case Evaluate(Stage.Subject subject) ->
                StageCost.untrained(
                        0,
                        switch (subject) {
                            case FULL_PRECISION, ROUND_TO_NEAREST -> 0;
                            case BLOCK_AP -> packed();
                            case END_TO_END -> packed() + bytes.scales();
                        },
                        work.evaluation() / rate,
                        0,
                        0);
            case Report() -> StageCost.untrained(0, 0, 0, 0, 0);
        };
    }

    /** Through the full-precision blocks of the segment before; the first segment starts from the embeddings. */
    private StageCost capture(int segment) {
        double part = 1.0 / plan.captureParts();
        double states = part * bytes.stream();
        if (segment == 0) {
            return StageCost.untrained(0, 0, 0, states, 0);
        }
        int blocks = plan.segments().ranges().get(segment - 1).size();
        return StageCost.untrained(states, 0, pass(part * work.windows() * blocks), states, 0);
    }

    private double pass(double windows) {
        return windows * work.window() / rate;
    }

    private StageCost train(int block) {
        Range range = plan.segments().of(block);
        // A segment's first block sees the full-precision stream on both sides.
        int streams = block == range.first() ? 1 : 2;
        int samples = recipe.calibration().trainSamples();
        return training(samples, (double) bytes.stream(), streams, 0, block + 1 == range.end(), firstPass());
    }

    private StageCost repair(int block) {
        int samples = recipe.blockAp().repair().samples();
        double windows = samples + recipe.calibration().validationSamples();
        double stream = bytes.stream() * windows / work.windows();
        // The first block is entered by embeddings, which are made on the spot.
        int streams = block == 0 ? 0 : 2;
        boolean last = block + 1 == plan.segments().blocks();
        return training(samples, stream, streams, firstPass(), last, (double) bytes.block());
    }

    private StageCost training(
            int samples, double stream, int streams, double readResults, boolean last, double written) {
        double windows = samples + recipe.calibration().validationSamples();
        long steps = recipe.blockAp().steps(samples);
        double training = work.blockTraining(samples) / rate;
        // Without a step the validations are all there is.
        double untrained = steps == 0 ? training : 0;
        return new StageCost(
                streams * stream,
                readResults,
                pass(windows) + untrained,
                steps,
                steps == 0 ? 0 : training / steps,
                bytes.blockCheckpoint(),
                last ? 0 : pass(windows),
                last ? 0 : 2 * stream,
                written);
    }

    private StageCost endToEnd() {
        long steps = recipe.endToEnd().steps();
        double untrained = steps == 0 ? work.endToEndValidation() / rate : 0;
        SharedStep step = sharedStep();
        return new StageCost(
                0, packed(), untrained, steps, step.alone(), bytes.endToEndCheckpoint(), 0, 0, bytes.scales());
    }

    /** What the first pass leaves of a block. */
    private double firstPass() {
        return (double) (bytes.block() + bytes.latent());
    }

    /** All trained blocks. */
    private double packed() {
        return (double) plan.segments().blocks() * bytes.block();
    }
}
