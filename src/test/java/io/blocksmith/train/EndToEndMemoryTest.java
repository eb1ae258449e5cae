package io.blocksmith.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.estimate.EndToEndMemory;
import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.AffineQuantizer;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.quant.TrainableWeight;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Evaluation;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Quantization;
import io.blocksmith.spec.Recipe;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What E2E-QP holds is what {@link EndToEndMemory} says. In a JVM of its own with a pinned, touched heap, so that what
 * grows is native memory; the same training of two blocks goes before, so that what grows belongs to the blocks.
 */
class EndToEndMemoryTest {
    private static final int BLOCKS = 96;
    private static final int LENGTH = 128;
    private static final Adam ADAM = new Adam(0.9, 0.999, 1e-8, 0);

    private static final Recipe RECIPE = new Recipe(
            new Quantization(2, 32, false),
            new Calibration(LENGTH, 4, 2, Calibration.Order.FILE, Calibration.Activations.FLOAT32),
            new BlockAp(
                    1,
                    2,
                    new BlockAp.LearningRates(1e-4, 1e-4, 1e-4),
                    0.05,
                    ADAM,
                    BlockAp.Trained.ALL,
                    true,
                    1,
                    new BlockAp.Repair(0, 0.5)),
            new EndToEnd(
                    4,
                    0,
                    LENGTH,
                    4,
                    1,
                    new EndToEnd.LearningRates(1e-4, 1e-4),
                    0,
                    0,
                    0.3,
                    ADAM,
                    2,
                    EndToEnd.Trained.STEP_SIZES,
                    true,
                    0),
            new Evaluation(LENGTH, 1),
            List.of(),
            Numerics.FLOAT32,
            0);

    @TempDir
    Path folder;

    /** Bytes alive after a step, and when a backward pass begins. */
    private record Held(double betweenSteps, double inBackward) {
        Held minus(Held other) {
            return new Held(betweenSteps - other.betweenSteps, inBackward - other.inBackward);
        }
    }

    @Test
    void theEstimateSaysWhatEachBlockHolds() throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EndToEndMemoryTest.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(child.exitValue()).isZero();
        String[] figures = output.strip().split(" ");
        Held measured = new Held(Double.parseDouble(figures[0]), Double.parseDouble(figures[1]));

        Held expected = estimated(BLOCKS).minus(estimated(2));
        System.out.printf(
                "E2E-QP, %d more blocks: between steps %.1f MB (estimate %.1f), in the backward pass %.1f MB (%.1f)%n",
                BLOCKS - 2,
                measured.betweenSteps() / 1e6,
                expected.betweenSteps() / 1e6,
                measured.inBackward() / 1e6,
                expected.inBackward() / 1e6);
        assertThat(measured.betweenSteps()).isCloseTo(expected.betweenSteps(), withPercentage(10));
        assertThat(measured.inBackward()).isCloseTo(expected.inBackward(), withPercentage(10));
    }

    private static Held estimated(int blocks) {
        EndToEndMemory memory =
                RunEstimate.of(config(blocks), 0, TensorType.F32, RECIPE).endToEnd();
        double stays = memory.packed() + memory.scales() + memory.training();
        return new Held(stays, stays + memory.kept());
    }

    private static LlamaConfig config(int blocks) {
        return new LlamaConfig(
                256,
                768,
                blocks,
                4,
                2,
                64,
                256,
                256,
                1e-5,
                10_000,
                new RopeScaling.None(),
                false,
                false,
                true,
                OptionalInt.of(1));
    }

    public static void main(String[] arguments) {
        LlamaConfig one = config(1);
        Path model = TinyModel.write(Path.of(arguments[0]), one, TensorType.F32, 3);
        NDManager manager = TestCompute.cpu().manager();
        try (CheckpointWeights weights = CheckpointWeights.open(model);
                ScriptedBlock decoder =
                        ScriptedBlock.compile(one, RotaryTable.of(one, LENGTH, manager), false, manager);
                OutputHead head = OutputHead.of(weights, manager);
                Packer packer = new Packer(RECIPE.quantization(), manager)) {
            PackedBlock block = packed(weights, packer, manager);
            held(2, block, weights, decoder, head, packer);
            Held few = held(2, block, weights, decoder, head, packer);
            Held many = held(BLOCKS, block, weights, decoder, head, packer);
            Held grown = many.minus(few);
            System.out.println(grown.betweenSteps() + " " + grown.inBackward());
        }
    }

    private static PackedBlock packed(CheckpointWeights weights, Packer packer, NDManager manager) {
        BlockWeights full = weights.block(0, manager);
        List<PackedWeight> linears = new ArrayList<>();
        try (AffineQuantizer quantizer = new AffineQuantizer(RECIPE.quantization(), manager)) {
            for (NDArray linear : full.linears()) {
                TrainableWeight start = quantizer.start(linear);
                linears.add(new PackedWeight(
                        packer.pack(quantizer.codes(start)),
                        start.stepSize(),
                        start.zeroPoint(),
                        linear.getShape().get(0),
                        linear.getShape().get(1)));
            }
        }
        return new PackedBlock(linears, full.biases(), full.norms());
    }

    /** Takes a step with a model of {@code blocks} copies of {@code block}, which is gone afterwards. */
    private static Held held(
            int blocks,
            PackedBlock block,
            CheckpointWeights weights,
            ScriptedBlock decoder,
            OutputHead head,
            Packer packer) {
        try (NDManager manager = TestCompute.cpu().manager().newSubManager();
                NDScope _ = new NDScope()) {
            double before = alive();
            List<PackedBlock> copies = new ArrayList<>();
            for (int i = 0; i < blocks; i++) {
                copies.add(copy(block, manager));
            }
            Watched watched = new Watched(decoder, blocks + 1);
            PackedModel model = new PackedModel(copies, weights, watched, head, packer, manager);
            try (EndToEndTrainer trainer =
                    new EndToEndTrainer(model, RECIPE.endToEnd(), EndToEndTrainer.Adjusted.NOT, false, manager)) {
                trainer.follow(
                        new EndToEndTrainer.Samples(4, _ -> new int[LENGTH]),
                        GradientExchange.alone(),
                        new TrainingListener() {
                            @Override
                            public void stepped(int epoch, long step, long steps, double loss) {}

                            @Override
                            public void validated(long step, double loss) {}
                        });
                double after = alive();
                return new Held(after - before, watched.alive - before);
            }
        }
    }

    private static PackedBlock copy(PackedBlock block, NDManager manager) {
        return new PackedBlock(
                block.linears().stream()
                        .map(linear -> new PackedWeight(
                                copy(linear.planes(), manager),
                                copy(linear.stepSize(), manager),
                                copy(linear.zeroPoint(), manager),
                                linear.rows(),
                                linear.columns()))
                        .toList(),
                copy(block.biases(), manager),
                copy(block.norms(), manager));
    }

    private static List<NDArray> copy(List<NDArray> arrays, NDManager manager) {
        return arrays.stream().map(array -> copy(array, manager)).toList();
    }

    private static NDArray copy(NDArray array, NDManager manager) {
        NDArray copy = array.duplicate();
        copy.attach(manager);
        return copy;
    }

    private static double alive() {
        System.gc();
        return TestCompute.aliveBytes();
    }

    /** Looks at the memory when it is called for the {@code call}th time. */
    private static final class Watched implements DecoderBlock {
        private final DecoderBlock block;
        private final int call;
        private int calls;
        private double alive;

        Watched(DecoderBlock block, int call) {
            this.block = block;
            this.call = call;
        }

        @Override
        public NDArray forward(NDArray x, BlockWeights weights) {
            calls++;
            if (calls == call) {
                alive = alive();
            }
            return block.forward(x, weights);
        }
    }
}
