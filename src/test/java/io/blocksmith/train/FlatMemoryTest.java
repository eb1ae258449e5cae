package io.blocksmith.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a JVM of its own with a pinned, touched heap, so that what grows is native memory. */
class FlatMemoryTest {
    private static final int STEPS = 5000;
    private static final Quantization GRID = new Quantization(2, 32, false);
    private static final String MARK = "resident bytes ";

    @TempDir
    Path folder;

    @Test
    void nativeMemoryIsFlatOverFiveThousandBlockApSteps() throws IOException, InterruptedException {
        assertFlat("block-ap");
    }

    @Test
    void nativeMemoryIsFlatOverGradientsAndValidationsOfTheWholeModel() throws IOException, InterruptedException {
        assertFlat("end-to-end");
    }

    private void assertFlat(String phase) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FlatMemoryTest.class.getName(),
                        folder.toString(),
                        phase)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(child.exitValue()).isZero();

        double[] resident = output.lines()
                .filter(line -> line.startsWith(MARK))
                .mapToDouble(line -> Double.parseDouble(line.substring(MARK.length())))
                .toArray();
        System.out.printf(
                "%s: resident after a fifth of the steps %.1f MB, at the end %.1f MB%n",
                phase, resident[0] / 1e6, resident[1] / 1e6);
        // The smallest weight is 8 kB: one leaked a step would be 33 MB by the end. Compiled code and class data of the
        // JVM
        // still grow by up to 10 MB in this time.
        assertThat(resident[1] - resident[0]).as("growth in bytes").isLessThan(24e6);
    }

    public static void main(String[] arguments) {
        LlamaConfig config = TinyModel.config(1);
        Path folder = TinyModel.write(Path.of(arguments[0]), config, TensorType.F32, 3);
        NDManager manager = TestCompute.cpu().manager();
        AffineQuantizer quantizer = new AffineQuantizer(GRID, manager);
        ScriptedBlock decoder = ScriptedBlock.compile(config, RotaryTable.of(config, 8, manager), false, manager);
        CheckpointWeights weights = CheckpointWeights.open(folder);
        if (arguments[1].equals("block-ap")) {
            blockAp(quantizer, decoder, weights, manager);
        } else {
            endToEnd(quantizer, decoder, weights, manager);
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void blockAp(
            AffineQuantizer quantizer, ScriptedBlock decoder, CheckpointWeights weights, NDManager manager) {
        BlockState state = BlockState.roundToNearest(weights.block(0, manager), quantizer);
        BlockAp recipe = new BlockAp(
                1,
                2,
                new BlockAp.LearningRates(1e-4, 1e-4, 1e-4),
                0.05,
                new Adam(0.9, 0.999, 1e-8, 0),
                BlockAp.Trained.ALL,
                false,
                1,
                new BlockAp.Repair(0, 0.5));
        NDArray x = TestCompute.normal(manager, new Random(1), 1, 2, 8, 64);
        TrainingListener listener = new TrainingListener() {
            @Override
            public void stepped(int epoch, long step, long steps, double loss) {
                tell(step, steps);
            }

            @Override
            public void validated(long step, double loss) {}
        };
        new BlockApTrainer(decoder, quantizer, recipe, 1, 1, state, manager)
                .train(repeated(x, STEPS), repeated(x, 0), listener);
    }

    private static void endToEnd(
            AffineQuantizer quantizer, ScriptedBlock decoder, CheckpointWeights weights, NDManager manager) {
        Packer packer = new Packer(GRID, manager);
        BlockWeights full = weights.block(0, manager);
        List<PackedWeight> linears = full.linears().stream()
                .map(quantizer::start)
                .map(start -> new PackedWeight(
                        packer.pack(quantizer.codes(start)),
                        start.stepSize(),
                        start.zeroPoint(),
                        start.weight().getShape().get(0),
                        start.weight().getShape().get(1)))
                .toList();
        PackedModel model = new PackedModel(
                List.of(new PackedBlock(linears, full.biases(), full.norms())),
                weights,
                decoder,
                OutputHead.of(weights, manager),
                packer,
                manager);
        PackedModel.Gradient gradient = model.newGradient(EndToEnd.Trained.BOTH, manager);
        int[][] windows = new int[8][8];
        for (int step = 1; step <= STEPS; step++) {
            gradient.clear();
            model.addGradient(windows, 1, gradient);
            model.loss(windows);
            tell(step, STEPS);
        }
    }

    private static void tell(long step, long steps) {
        if (step == steps / 5 || step == steps) {
            System.out.println(MARK + TestCompute.aliveBytes());
        }
    }

    private static BlockBatches.Source repeated(NDArray x, int batches) {
        return new BlockBatches.Source() {
            @Override
            public long samples() {
                return 2L * batches;
            }

            @Override
            public BlockBatches open(int batchSize, long from) {
                return new BlockBatches() {
                    private long delivered = from / batchSize;

                    @Override
                    public Optional<Batch> next() {
                        return delivered++ < batches ? Optional.of(new Batch(x, x)) : Optional.empty();
                    }

                    @Override
                    public void close() {}
                };
            }
        };
    }
}
