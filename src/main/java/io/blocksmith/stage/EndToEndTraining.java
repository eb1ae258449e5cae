package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.estimate.TokenCost;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.Packer;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.RunState;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Quantization;
import io.blocksmith.train.EndToEndTrainer;
import io.blocksmith.train.EndToEndTrainer.Adjusted;
import io.blocksmith.train.EndToEndTrainer.Samples;
import io.blocksmith.train.PackedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * E2E-QP with all that it works on, as every replica holds it before the first step.
 *
 * @param model the blocks as Block-AP left them
 * @param trainer of that model
 * @param cost of its tokens
 */
record EndToEndTraining(
        PackedModel model, EndToEndTrainer trainer, TokenCost cost, Samples training, Samples validation) {

    /** Loads the model, and frees it when {@code use} has ended. */
    static <R> R with(RunContext run, Assignment assignment, Function<EndToEndTraining, R> use) {
        EndToEnd recipe = run.recipe().endToEnd();
        Quantization grid = run.recipe().quantization();
        Adjusted adjusted = new Adjusted(
                assignment.adjustment().learningRateFactor(),
                assignment.adjustment().microBatches());
        try (CheckpointWeights weights = run.openModel();
                TokenFile tokens = run.calibrationTokens();
                NDManager manager = run.manager().newSubManager();
                NDScope _ = new NDScope();
                Packer packer = new Packer(grid, manager);
                OutputHead head = OutputHead.of(weights, manager)) {
            LlamaConfig config = weights.config();
            RotaryTable rotary = RotaryTable.of(config, recipe.sequenceLength(), manager);
            Windows.Split split = run.endToEnd(tokens);
            try (ScriptedBlock decoder = ScriptedBlock.compile(config, rotary, run.bfloat16(), manager)) {
                PackedModel model =
                        new PackedModel(load(run, config, manager), weights, decoder, head, packer, manager);
                try (EndToEndTrainer trainer =
                        new EndToEndTrainer(model, recipe, adjusted, grid.symmetric(), manager)) {
                    return use.apply(new EndToEndTraining(
                            model,
                            trainer,
                            TokenCost.of(config, recipe.sequenceLength()),
                            samples(split.train()),
                            samples(split.validation())));
                }
            }
        }
    }

    /** Tells {@code progress} and {@code curves} of the training. */
    AttemptListener listener(AttemptProgress progress, LossCurves curves, EndToEnd recipe) {
        AttemptListener.Shape shape = new AttemptListener.Shape(
                recipe.epochs(),
                (long) recipe.batchSize() * recipe.sequenceLength(),
                cost.trainedModel(),
                (long) validation.count() * recipe.sequenceLength(),
                cost.model());
        return new AttemptListener(progress, curves, shape, () -> {});
    }

    private static List<PackedBlock> load(RunContext run, LlamaConfig config, NDManager manager) {
        RunState state = run.state();
        List<PackedBlock> blocks = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            Path path = run.object(state, run.plan().finalStage(block), BlockStage.FILE);
            try (BlockFile file = BlockFile.open(path, config, run.recipe().quantization())) {
                blocks.add(file.read(manager));
            }
        }
        return blocks;
    }

    private static Samples samples(Windows windows) {
        return new Samples(windows.count(), windows::tokens);
    }
}
