package io.blocksmith.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Recipe;
import io.blocksmith.tensor.NativeHeap;
import io.blocksmith.train.BlockApTrainer;
import io.blocksmith.train.BlockBatches;
import io.blocksmith.train.BlockState;
import io.blocksmith.train.TrainingListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Block-AP of a whole model as one loop and nothing else: hidden states stay in memory, nothing is saved, reported or
 * watched. It is what the run around such a loop is compared with; both end in the same numbers.
 */
public final class BareTraining {
    private static final TrainingListener SILENT = new TrainingListener() {
        @Override
        public void stepped(int epoch, long step, long of, double loss) {}

        @Override
        public void validated(long step, double loss) {}
    };

    private final LlamaWeights model;
    private final Recipe recipe;
    private final int batchSize;

    /** The training of {@code model} by {@code recipe} in one segment. */
    public BareTraining(LlamaWeights model, Recipe recipe) {
        this.model = model;
        this.recipe = recipe;
        this.batchSize = recipe.blockAp().batchSize();
    }

    /** One stream of hidden states: batches [n, T, H], owned by this record. */
    private record HiddenStates(List<NDArray> trained, List<NDArray> validated) {
        Stream<NDArray> all() {
            return Stream.concat(trained.stream(), validated.stream());
        }

        void close() {
            all().forEach(NDArray::close);
        }
    }

    /**
     * Trains every block on {@code windows} of token ids [n, T].
     *
     * @return what each block's training came to
     */
    public List<BlockApTrainer.Outcome> run(int[][] trained, int[][] validated, NDManager parent) {
        LlamaConfig config = model.config();
        List<BlockApTrainer.Outcome> outcomes = new ArrayList<>();
        try (NDManager manager = parent.newSubManager();
                AffineQuantizer quantizer = new AffineQuantizer(recipe.quantization(), manager);
                Packer packer = new Packer(recipe.quantization(), manager);
                ScriptedBlock decoder = ScriptedBlock.compile(
                        config,
                        RotaryTable.of(config, trained[0].length, manager),
                        recipe.numerics() == Numerics.BFLOAT16,
                        manager)) {
            HiddenStates full = new HiddenStates(embedded(trained, manager), embedded(validated, manager));
            HiddenStates quantized = full;
            for (int block = 0; block < config.blocks(); block++) {
                try (NDManager blockManager = manager.newSubManager();
                        NDScope _ = new NDScope()) {
                    BlockWeights weights = model.block(block, blockManager);
                    HiddenStates targets = through(full, decoder, weights);
                    BlockState state = BlockState.roundToNearest(weights, quantizer);
                    outcomes.add(train(decoder, quantizer, state, quantized, targets, blockManager));
                    HiddenStates leaving = through(quantized, decoder, packed(state, quantizer, packer));
                    full.close();
                    quantized.close();
                    full = targets;
                    quantized = leaving;
                }
            }
            return outcomes;
        }
    }

    private BlockApTrainer.Outcome train(
            DecoderBlock decoder,
            AffineQuantizer quantizer,
            BlockState state,
            HiddenStates inputs,
            HiddenStates targets,
            NDManager manager) {
        try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe.blockAp(), 1, 1, state, manager)) {
            return trainer.train(
                    source(inputs.trained(), targets.trained()),
                    source(inputs.validated(), targets.validated()),
                    SILENT);
        }
    }

    private List<NDArray> embedded(int[][] windows, NDManager manager) {
        List<NDArray> batches = new ArrayList<>();
        for (int first = 0; first < windows.length; first += batchSize) {
            int last = Math.min(windows.length, first + batchSize);
            batches.add(model.embed(Arrays.copyOfRange(windows, first, last), manager));
        }
        return batches;
    }

    private static HiddenStates through(HiddenStates entering, DecoderBlock block, BlockWeights weights) {
        return new HiddenStates(
                through(entering.trained(), block, weights), through(entering.validated(), block, weights));
    }

    private static List<NDArray> through(List<NDArray> entering, DecoderBlock block, BlockWeights weights) {
        List<NDArray> leaving = new ArrayList<>();
        for (NDArray x : entering) {
            try (NDScope _ = new NDScope()) {
                NDArray y = block.forward(x, weights);
                NDScope.unregister(y);
                y.attach(x.getManager());
                leaving.add(y);
            }
            NativeHeap.trim();
        }
        return leaving;
    }

    /** The block as a packed file holds it, unpacked again. */
    private static BlockWeights packed(BlockState state, AffineQuantizer quantizer, Packer packer) {
        List<NDArray> linears = new ArrayList<>();
        for (TrainableWeight linear : state.linears()) {
            linears.add(packer.unpack(new PackedWeight(
                    packer.pack(quantizer.codes(linear)),
                    quantizer.usedStepSize(linear),
                    quantizer.usedZeroPoint(linear),
                    linear.weight().getShape().get(0),
                    linear.weight().getShape().get(1))));
        }
        return new BlockWeights(
                linears,
                state.biases(),
                state.norms().stream().map(NDArray::stopGradient).toList());
    }

    private BlockBatches.Source source(List<NDArray> inputs, List<NDArray> targets) {
        return new BlockBatches.Source() {
            @Override
            public long samples() {
                return inputs.stream()
                        .mapToLong(batch -> batch.getShape().get(0))
                        .sum();
            }

            @Override
            public BlockBatches open(int batch, long from) {
                int skipped = Math.toIntExact(from / batch);
                Iterator<NDArray> input = inputs.listIterator(skipped);
                Iterator<NDArray> target = targets.listIterator(skipped);
                return new BlockBatches() {
                    @Override
                    public Optional<Batch> next() {
                        return input.hasNext() ? Optional.of(new Batch(input.next(), target.next())) : Optional.empty();
                    }

                    @Override
                    public void close() {}
                };
            }
        };
    }
}
