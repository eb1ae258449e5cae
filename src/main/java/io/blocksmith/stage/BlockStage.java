package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.estimate.TokenCost;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.packed.BlockFile;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Quantization;
import io.blocksmith.store.RunNames;
import io.blocksmith.train.BlockApTrainer;
import io.blocksmith.train.BlockState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Block-AP of one block, in the order in which things become durable: targets from the full-precision block, training, the
 * trained block, the hidden states that leave it. A repair attempt is the same from the trained state, on fewer samples.
 */
final class BlockStage {
    static final String FILE = "block.safetensors";

    private static final Logger LOG = LoggerFactory.getLogger(BlockStage.class);

    private final RunContext run;
    private final BlockAp recipe;
    private final Quantization grid;

    BlockStage(RunContext run) {
        this.run = run;
        this.recipe = run.recipe().blockAp();
        this.grid = run.recipe().quantization();
    }

    /** The streams that enter a block, and how many of the samples are trained on. */
    private record Entering(Boundary full, Boundary quantized, int trainSamples) {}

    AttemptResult train(Assignment assignment, int block, AttemptProgress progress) {
        return run(assignment, block, false, progress);
    }

    AttemptResult repair(Assignment assignment, int block, AttemptProgress progress) {
        return run(assignment, block, true, progress);
    }

    private AttemptResult run(Assignment assignment, int block, boolean repair, AttemptProgress progress) {
        Ticket ticket = assignment.ticket();
        RunState state = run.state();
        Path scratch = run.scratch(ticket);
        try (CheckpointWeights model = run.openModel();
                NDManager manager = run.manager().newSubManager();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager);
                Packer packer = new Packer(grid, manager)) {
            LlamaConfig config = model.config();
            Chain chain = repair
                    ? Chain.repair(run, config.hidden())
                    : Chain.segment(run, CaptureParts.of(run.recipe(), run.plan()), block, config.hidden());
            RotaryTable rotary = RotaryTable.of(config, chain.layout().sequenceLength(), manager);
            try (ScriptedBlock decoder = ScriptedBlock.compile(config, rotary, run.bfloat16(), manager)) {
                HiddenStates states =
                        new HiddenStates(run, state, chain, model, decoder, packer, scratch, manager, progress);
                Entering entering = entering(states, block, repair);
                BlockWeights weights = model.block(block, manager);
                TokenCost cost = TokenCost.of(config, chain.layout().sequenceLength());
                FolderBoundary targets =
                        pass("targets", entering.full(), decoder, weights, cost, scratch, manager, progress);
                BlockState trained = repair
                        ? trainedBefore(state, block, config, manager)
                        : BlockState.roundToNearest(weights, quantizer);
                LossCurves curves = new LossCurves();
                double factor = assignment.adjustment().learningRateFactor()
                        * (repair ? recipe.repair().learningRateFactor() : 1);
                int parts = assignment.adjustment().microBatches();
                BlockApTrainer.Outcome outcome;
                try (BlockApTrainer trainer =
                        new BlockApTrainer(decoder, quantizer, recipe, factor, parts, trained, manager)) {
                    outcome = trained(trainer, assignment, block, entering, targets, cost, manager, curves, progress);
                }
                List<ObjectRef> objects = new ArrayList<>();
                try (NDScope _ = new NDScope()) {
                    PackedBlock packed = pack(trained, quantizer, packer);
                    objects.addAll(save(ticket, scratch, config, packed, trained, curves));
                    boolean last = block + 1 == nextBreak(block, repair);
                    if (last) {
                        targets.delete();
                    } else {
                        FolderBoundary leaving = pass(
                                "propagate",
                                entering.quantized(),
                                decoder,
                                packed.unpack(packer),
                                cost,
                                scratch,
                                manager,
                                progress);
                        progress.begin("seal");
                        StoredBoundaries stored = new StoredBoundaries(run);
                        objects.addAll(stored.seal(targets, ticket, block + 1, RunNames.Stream.FULL, progress));
                        objects.addAll(stored.seal(leaving, ticket, block + 1, RunNames.Stream.QUANTIZED, progress));
                    }
                }
                return new AttemptResult(objects, figures(ticket, outcome));
            }
        }
    }

    /** Trains from the newest checkpoint on; what a cancelled training has reached is saved before it ends. */
    private BlockApTrainer.Outcome trained(
            BlockApTrainer trainer,
            Assignment assignment,
            int block,
            Entering entering,
            Boundary targets,
            TokenCost cost,
            NDManager manager,
            LossCurves curves,
            AttemptProgress progress) {
        int samples = entering.full().layout().samples();
        int length = entering.full().layout().sequenceLength();
        Boundary inputs = entering.quantized();
        BlockSamples training = new BlockSamples(inputs, targets, 0, entering.trainSamples(), manager, progress);
        BlockSamples validation =
                new BlockSamples(inputs, targets, entering.trainSamples(), samples, manager, progress);
        progress.begin("train");
        try (Checkpoints checkpoints = new Checkpoints(run, assignment, progress)) {
            checkpoints.resume(trainer::restore, curves);
            // Reading the checkpoint is no part of the first step.
            progress.meter().mark();
            AttemptListener.Shape shape = new AttemptListener.Shape(
                    recipe.epochs(),
                    (long) recipe.batchSize() * length,
                    cost.trainedBlock(),
                    validation.samples() * length,
                    cost.block());
            AttemptListener listener =
                    new AttemptListener(progress, curves, shape, () -> checkpoints.stepped(trainer::snapshot, curves));
            try {
                return trainer.train(training, validation, listener);
            } catch (CancellationException e) {
                checkpoints.leave(trainer::snapshot, curves);
                throw e;
            }
        } catch (BlocksmithException e) {
            throw e.category() == Category.NOT_FINITE
                    ? new BlocksmithException(e.category(), "block %d: %s".formatted(block, e.getMessage()), e)
                    : e;
        }
    }

    /** The losses; one that training made worse is told, which keeping the best state excludes. */
    private static Map<String, Double> figures(Ticket ticket, BlockApTrainer.Outcome outcome) {
        Map<String, Double> figures = new HashMap<>();
        figures.put(Figures.START_LOSS, outcome.startLoss());
        figures.put(Figures.FINAL_LOSS, outcome.finalLoss());
        figures.put(Figures.TRAIN_LOSS, outcome.lastTrainLoss());
        if (outcome.finalLoss() > outcome.startLoss()) {
            figures.put(Figures.WORSENED, outcome.finalLoss() / outcome.startLoss());
            LOG.warn(
                    "{}: training made the block worse: validation loss {} at the start, {} at the end;"
                        + " block-ap.keep-best = true keeps the better one, lower block-ap.learning-rates train more"
                        + " gently",
                    ticket,
                    outcome.startLoss(),
                    outcome.finalLoss());
        }
        return figures;
    }

    /** The block at which the chain of hidden states ends: the segment's end, or in the repair pass the model's. */
    private int nextBreak(int block, boolean repair) {
        return repair
                ? run.plan().segments().blocks()
                : run.plan().segments().of(block).end();
    }

    private Entering entering(HiddenStates states, int block, boolean repair) {
        Boundary full = states.full(block);
        // A chain's first block sees the full-precision stream on both sides.
        Boundary quantized = block == states.chain().first() ? full : states.quantized(block);
        int trainSamples =
                repair ? recipe.repair().samples() : run.recipe().calibration().trainSamples();
        return new Entering(full, quantized, trainSamples);
    }

    private FolderBoundary pass(
            String phase,
            Boundary source,
            ScriptedBlock decoder,
            BlockWeights weights,
            TokenCost cost,
            Path scratch,
            NDManager manager,
            AttemptProgress progress) {
        progress.begin(phase);
        int length = source.layout().sequenceLength();
        return source.through(
                decoder,
                weights,
                scratch.resolve(phase),
                recipe.batchSize(),
                manager,
                new DevicePass(progress, length, cost.block()));
    }

    /** The state that the first pass left: latent weights, step sizes, zero points and norms. */
    private BlockState trainedBefore(RunState state, int block, LlamaConfig config, NDManager manager) {
        try (BlockFile file = BlockFile.open(run.object(state, new TrainBlock(block), FILE), config, grid)) {
            PackedBlock packed = file.read(manager);
            List<NDArray> latent = file.latent(manager);
            List<TrainableWeight> linears = new ArrayList<>();
            for (int i = 0; i < latent.size(); i++) {
                PackedWeight weight = packed.linears().get(i);
                linears.add(new TrainableWeight(latent.get(i), weight.stepSize(), weight.zeroPoint()));
            }
            return new BlockState(linears, packed.biases(), packed.norms());
        }
    }

    private static PackedBlock pack(BlockState state, AffineQuantizer quantizer, Packer packer) {
        List<PackedWeight> linears = state.linears().stream()
                .map(linear -> new PackedWeight(
                        packer.pack(quantizer.codes(linear)),
                        quantizer.usedStepSize(linear),
                        quantizer.usedZeroPoint(linear),
                        linear.weight().getShape().get(0),
                        linear.weight().getShape().get(1)))
                .toList();
        List<NDArray> norms = state.norms().stream().map(NDArray::stopGradient).toList();
        return new PackedBlock(linears, state.biases(), norms);
    }

    private List<ObjectRef> save(
            Ticket ticket, Path scratch, LlamaConfig config, PackedBlock packed, BlockState state, LossCurves curves) {
        // Only a repair pass trains on; without one the weights behind the codes are done with.
        boolean trainsOn = run.plan().repaired() && ticket.stage() instanceof TrainBlock;
        Optional<List<NDArray>> latent = trainsOn
                ? Optional.of(
                        state.linears().stream().map(TrainableWeight::weight).toList())
                : Optional.empty();
        Path block = scratch.resolve(FILE);
        BlockFile.write(block, config, grid, packed, latent);
        Path curve = scratch.resolve(LossCurves.FILE);
        curves.write(curve);
        String prefix = RunNames.attempt(ticket);
        return List.of(run.store().put(prefix + FILE, block), run.store().put(prefix + LossCurves.FILE, curve));
    }
}
