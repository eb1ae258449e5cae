package io.blocksmith.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Fill;
import io.blocksmith.tensor.ProcessMemory;
import io.blocksmith.train.BlockApTrainer;
import io.blocksmith.train.BlockBatches;
import io.blocksmith.train.BlockState;
import io.blocksmith.train.TrainingListener;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * Trains a block of random weights by the real trainer and compares its rate with matrix products done between the same
 * rounds, so that other load on the machine falls on both.
 *
 * <p>A step counts {@code 6 * weights * tokens} floating-point operations for the linears and {@code 12 * n * T^2 * heads
 * * D} for attention, forward and backward, as if attention were not causal; quantizer, norms and optimizer count nothing.
 */
public final class BlockBench {
    private static final int PRODUCTS = 8;

    private final LlamaConfig config;
    private final Quantization grid;
    private final BlockAp recipe;
    private final Numerics numerics;
    private final int batch;
    private final int length;
    private final LongSupplier nanoTime;

    /**
     * A bench of one block of {@code config} under {@code recipe}, on batches [batch, length]. The matrix product that it is
     * compared with is one of float32, whatever the block's own {@code numerics}.
     */
    public BlockBench(
            LlamaConfig config,
            Quantization grid,
            BlockAp recipe,
            Numerics numerics,
            int batch,
            int length,
            LongSupplier nanoTime) {
        this.numerics = numerics;
        this.config = config;
        this.grid = grid;
        // What is measured is a step; states are neither validated nor copied.
        this.recipe = new BlockAp(
                1,
                batch,
                recipe.learningRates(),
                recipe.finalLearningRateFactor(),
                recipe.adam(),
                recipe.train(),
                false,
                1,
                recipe.repair());
        this.batch = batch;
        this.length = length;
        this.nanoTime = nanoTime;
    }

    /**
     * One round.
     *
     * @param stepSeconds mean step, whatever happens between steps included
     * @param stepRate floating-point operations a second of that step
     * @param productRate those of the plain matrix product in the same round
     */
    public record Round(double stepSeconds, double stepRate, double productRate) {
        /** The share of the practical peak that training reaches. */
        public double ratio() {
            return stepRate / productRate;
        }
    }

    /**
     * The measurement.
     *
     * @param operations floating-point operations of a step
     * @param median the round whose ratio is the median
     * @param peakBytes highest resident memory of the process
     */
    public record Result(double operations, List<Round> rounds, Round median, double peakBytes) {}

    /** Runs {@code rounds} rounds of {@code steps} steps after a warm-up of one round. */
    public Result run(int rounds, int steps, NDManager parent) {
        try (NDManager manager = parent.newSubManager();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager);
                ScriptedBlock decoder = ScriptedBlock.compile(
                        config, RotaryTable.of(config, length, manager), numerics == Numerics.BFLOAT16, manager)) {
            SplittableRandom random = new SplittableRandom(1);
            BlockState state = BlockState.roundToNearest(weights(random, manager), quantizer);
            NDArray input = normal(random, 1, manager, batch, length, config.hidden());
            NDArray target = normal(random, 1, manager, batch, length, config.hidden());
            List<Round> measured = new ArrayList<>();
            try (BlockApTrainer trainer = new BlockApTrainer(decoder, quantizer, recipe, 1, 1, state, manager)) {
                for (int round = 0; round <= rounds; round++) {
                    double productBefore = productRate(random, manager);
                    double seconds = steps(trainer, input, target, steps);
                    double product = Math.max(productBefore, productRate(random, manager));
                    if (round > 0) {
                        measured.add(new Round(seconds, operations() / seconds, product));
                    }
                }
            }
            List<Round> sorted = measured.stream()
                    .sorted((a, b) -> Double.compare(a.ratio(), b.ratio()))
                    .toList();
            return new Result(operations(), measured, sorted.get(sorted.size() / 2), ProcessMemory.peakBytes());
        }
    }

    private double operations() {
        double tokens = (double) batch * length;
        double linears = 6.0 * config.linearWeightsPerBlock() * tokens;
        double attention = 12.0 * batch * length * (double) length * config.heads() * config.headSize();
        return linears + attention;
    }

    /** Mean seconds of a step, measured from the end of the first to the end of the last. */
    private double steps(BlockApTrainer trainer, NDArray input, NDArray target, int steps) {
        long[] ends = new long[steps + 1];
        TrainingListener clock = new TrainingListener() {
            @Override
            public void stepped(int epoch, long step, long of, double loss) {
                ends[(int) step - 1] = nanoTime.getAsLong();
            }

            @Override
            public void validated(long step, double loss) {}
        };
        trainer.train(repeated(input, target, steps + 1), repeated(input, target, 0), clock);
        return (ends[steps] - ends[0]) / 1e9 / steps;
    }

    private BlockBatches.Source repeated(NDArray input, NDArray target, int batches) {
        return new BlockBatches.Source() {
            @Override
            public long samples() {
                return (long) batches * batch;
            }

            @Override
            public BlockBatches open(int batchSize, long from) {
                return new BlockBatches() {
                    private long delivered = from / batchSize;

                    @Override
                    public Optional<Batch> next() {
                        return delivered++ < batches ? Optional.of(new Batch(input, target)) : Optional.empty();
                    }

                    @Override
                    public void close() {}
                };
            }
        };
    }

    /** The better of a square product and one of the block's own shape. */
    private double productRate(SplittableRandom random, NDManager manager) {
        double square = productRate(random, manager, 1024, 1024, 1024);
        double own = productRate(random, manager, (long) batch * length, config.hidden(), config.feedForward());
        return Math.max(square, own);
    }

    private double productRate(SplittableRandom random, NDManager manager, long rows, long inner, long columns) {
        try (NDScope _ = new NDScope()) {
            NDArray a = normal(random, 1, manager, rows, inner);
            NDArray b = normal(random, 1, manager, inner, columns);
            double[] seconds = new double[PRODUCTS];
            for (int i = 0; i < PRODUCTS; i++) {
                long start = nanoTime.getAsLong();
                try (NDArray product = a.matMul(b)) {
                    // Reading one number waits for devices that compute behind our back.
                    product.getFloat(0, 0);
                }
                seconds[i] = (nanoTime.getAsLong() - start) / 1e9;
            }
            return 2.0 * rows * inner * columns / median(seconds);
        }
    }

    private BlockWeights weights(SplittableRandom random, NDManager manager) {
        List<NDArray> linears = new ArrayList<>();
        for (Linear linear : Linear.values()) {
            linears.add(normal(random, 0.02, manager, config.rows(linear), config.columns(linear)));
        }
        NDArray one = manager.ones(new Shape(config.hidden()));
        return new BlockWeights(linears, List.of(), List.of(one, one.duplicate()));
    }

    private static NDArray normal(SplittableRandom random, double scale, NDManager manager, long... shape) {
        long rowSize = new Shape(shape).size() / shape[0];
        return Fill.array(manager, new Shape(shape), DataType.FLOAT32, (first, last, target) -> {
            for (long i = 0; i < (last - first) * rowSize; i++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) (scale * random.nextGaussian()));
            }
        });
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
