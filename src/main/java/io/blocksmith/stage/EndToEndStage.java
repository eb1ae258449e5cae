package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.packed.ScalesFile;
import io.blocksmith.quant.Packer;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Quantization;
import io.blocksmith.store.RunNames;
import io.blocksmith.tensor.Copy;
import io.blocksmith.train.EndToEndTrainer;
import io.blocksmith.train.PackedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** E2E-QP over the packed model; what it leaves are the step sizes and zero points of every linear. */
final class EndToEndStage {
    static final String FILE = "scales.safetensors";

    private final RunContext run;

    EndToEndStage(RunContext run) {
        this.run = run;
    }

    AttemptResult run(Ticket ticket, AttemptProgress progress) {
        EndToEnd recipe = run.recipe().endToEnd();
        Quantization grid = run.recipe().quantization();
        RunState state = run.state();
        Path scratch = run.scratch(ticket);
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
                progress.begin("load");
                List<PackedBlock> blocks = load(state, config, manager);
                PackedModel model = new PackedModel(blocks, weights, decoder, head, packer, manager);
                LossCurves curves = new LossCurves();
                EndToEndTrainer.Outcome outcome;
                try (EndToEndTrainer trainer = new EndToEndTrainer(model, recipe, grid.symmetric(), manager)) {
                    progress.begin("train");
                    outcome = trainer.train(
                            samples(split.train()), samples(split.validation()), listener(progress, curves));
                }
                return new AttemptResult(
                        save(ticket, scratch, model, curves),
                        Map.of(
                                Figures.START_LOSS, outcome.startLoss(),
                                Figures.FINAL_LOSS, outcome.finalLoss(),
                                Figures.TRAIN_LOSS, outcome.lastTrainLoss()));
            }
        }
    }

    private List<PackedBlock> load(RunState state, LlamaConfig config, NDManager manager) {
        List<PackedBlock> blocks = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            Path path = run.object(state, run.plan().finalStage(block), BlockStage.FILE);
            try (BlockFile file = BlockFile.open(path, config, run.recipe().quantization())) {
                blocks.add(file.read(manager));
            }
        }
        return blocks;
    }

    private static EndToEndTrainer.Samples samples(Windows windows) {
        return new EndToEndTrainer.Samples(windows.count(), windows::tokens);
    }

    private AttemptListener listener(AttemptProgress progress, LossCurves curves) {
        EndToEnd recipe = run.recipe().endToEnd();
        long tokensPerStep = (long) recipe.batchSize() * recipe.sequenceLength();
        return new AttemptListener(progress, curves, recipe.epochs(), tokensPerStep, () -> {});
    }

    /** Saves the scales as the quantizer uses them: step sizes clamped, zero points whole. */
    private List<ObjectRef> save(Ticket ticket, Path scratch, PackedModel model, LossCurves curves) {
        int maxCode = run.recipe().quantization().maxCode();
        model.linears().forEach(linear -> {
            replace(linear.stepSize(), linear.stepSize().clip(1e-4, 1e4));
            replace(linear.zeroPoint(), linear.zeroPoint().round().clip(0, maxCode));
        });
        Path scales = scratch.resolve(FILE);
        ScalesFile.write(scales, model.linears());
        Path curve = scratch.resolve(LossCurves.FILE);
        curves.write(curve);
        String prefix = RunNames.attempt(ticket);
        return List.of(run.store().put(prefix + FILE, scales), run.store().put(prefix + LossCurves.FILE, curve));
    }

    private static void replace(NDArray array, NDArray by) {
        Copy.into(by, array);
        by.close();
    }
}
