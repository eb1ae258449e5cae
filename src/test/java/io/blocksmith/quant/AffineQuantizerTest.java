package io.blocksmith.quant;

import static io.blocksmith.tensor.TestCompute.normal;
import static io.blocksmith.tensor.TestCompute.relativeDifference;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.TestCompute;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AffineQuantizerTest {
    private final NDManager manager = TestCompute.cpu().manager();

    static Stream<Arguments> grids() {
        return Stream.of(2, 3, 4, 8)
                .flatMap(bits -> Stream.of(16, Quantization.WHOLE_ROW)
                        .flatMap(group -> Stream.of(false, true)
                                .flatMap(symmetric -> Stream.of(1, 2, 3)
                                        .map(seed -> Arguments.of(new Quantization(bits, group, symmetric), seed)))));
    }

    /** Steps are shrunk and zero points moved so that a good part of the weights falls outside the range. */
    @ParameterizedTest
    @MethodSource("grids")
    void closedFormGradientsEqualAutogradThroughStraightThroughRounding(Quantization grid, int seed) {
        Random random = new Random(seed);
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager)) {
            NDArray w = normal(manager, random, 0.2, 24, 64);
            TrainableWeight start = quantizer.start(w);
            NDArray s = start.stepSize().mul(0.3f + 0.4f * random.nextFloat());
            NDArray z = start.zeroPoint()
                    .add(normal(manager, random, 0.7, s.getShape().getShape()));
            NDArray outer = normal(manager, random, 1, 24, 64);

            List<NDArray> leaves = Stream.of(w, s, z)
                    .map(array -> Gradients.leaf(array.duplicate()))
                    .toList();
            NDArray loss = Gradients.record(() -> straightThrough(leaves.get(0), leaves.get(1), leaves.get(2), grid)
                    .mul(outer)
                    .sum());
            TestCompute.backward(loss);

            TrainableWeight weight = new TrainableWeight(w, s, z);
            WeightGradient gradient = quantizer
                    .gradients(List.of(weight), List.of(outer.duplicate()))
                    .getFirst();

            // At 8 bits the terms (c - z) and u are near 128 and cancel, in autograd's sum as in ours.
            double tolerance = grid.bits() == 8 ? 5e-5 : 1e-5;
            assertThat(relativeDifference(gradient.weight(), leaves.get(0).getGradient()))
                    .isLessThan(tolerance);
            assertThat(relativeDifference(gradient.stepSize(), leaves.get(1).getGradient()))
                    .isLessThan(tolerance);
            assertThat(relativeDifference(gradient.zeroPoint(), leaves.get(2).getGradient()))
                    .isLessThan(tolerance);
            double outside = gradient.weight()
                    .eq(0)
                    .toType(DataType.FLOAT32, false)
                    .mean()
                    .getFloat();
            assertThat(outside).as("share of weights outside the range").isBetween(0.001, 0.95);
        }
    }

    private NDArray straightThrough(NDArray w, NDArray s, NDArray z, Quantization grid) {
        NDArray groups = w.reshape(s.getShape().get(0), -1);
        NDArray zero = z.add(z.round().clip(0, grid.maxCode()).sub(z).stopGradient());
        NDArray u = groups.div(s);
        NDArray rounded = u.add(u.round().sub(u).stopGradient());
        NDArray code = rounded.add(zero).clip(0, grid.maxCode());
        return code.sub(zero).mul(s).reshape(w.getShape());
    }

    @ParameterizedTest
    @MethodSource("grids")
    void codesTimesStepsAreTheQuantizedWeights(Quantization grid, int seed) {
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager)) {
            TrainableWeight weight = quantizer.start(normal(manager, new Random(seed), 0.02, 8, 64));
            NDArray quantized = quantizer.quantize(List.of(weight)).getFirst();
            NDArray codes = quantizer.codes(weight).toType(DataType.FLOAT32, false);
            NDArray groups = codes.reshape(weight.stepSize().getShape().get(0), -1);
            NDArray again = groups.sub(quantizer.usedZeroPoint(weight)).mul(quantizer.usedStepSize(weight));

            assertThat(again.reshape(8, 64).toFloatArray()).isEqualTo(quantized.toFloatArray());
            assertThat(codes.max().getFloat()).isLessThanOrEqualTo(grid.maxCode());
            double worst = quantized.sub(weight.weight()).abs().max().getFloat();
            assertThat(worst).isLessThanOrEqualTo(1.01 * weight.stepSize().max().getFloat());
        }
    }

    @ParameterizedTest
    @MethodSource("grids")
    void aWeightOfZerosStaysOne(Quantization grid, int seed) {
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager)) {
            TrainableWeight weight = quantizer.start(manager.zeros(new Shape(2, 16)));

            assertThat(weight.stepSize().toFloatArray()).containsOnly(0x1p-13f);
            assertThat(quantizer.quantize(List.of(weight)).getFirst().toFloatArray())
                    .containsOnly(0f);
        }
    }

    /** As {@code seed} is 1, 2, 3: all positive and far from zero, all negative, each row of one number. */
    @ParameterizedTest
    @MethodSource("grids")
    void groupsOfOneSignLoseNoMoreThanHalfAStepAndTheStepSpansTheirLargest(Quantization grid, int seed) {
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager)) {
            NDArray noise = normal(manager, new Random(seed), 0.1, 8, 64).abs();
            NDArray w = switch (seed) {
                case 1 -> noise.add(0.5f);
                case 2 -> noise.add(0.5f).neg();
                default -> noise.max(new int[] {1}, true).mul(manager.ones(new Shape(8, 64)));
            };
            TrainableWeight weight = quantizer.start(w);
            NDArray error =
                    quantizer.quantize(List.of(weight)).getFirst().sub(w).abs();
            NDArray largest =
                    w.reshape(weight.stepSize().getShape().get(0), -1).abs().max(new int[] {1}, true);
            NDArray share = error.reshape(largest.getShape().get(0), -1).div(largest);

            // Symmetric grids have one code less above zero than below it: a whole step is lost there.
            double steps = grid.symmetric() ? 2.0 / grid.maxCode() : 0.5 / grid.maxCode();
            assertThat(share.max().getFloat()).isLessThanOrEqualTo((float) (1.001 * steps));
        }
    }

    /** A model whose up projection is 1000 times smaller and whose down projection larger is the same model. */
    @ParameterizedTest
    @MethodSource("grids")
    void theStepSizesOfAScaledWeightAreTheScaledStepSizes(Quantization grid, int seed) {
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager)) {
            NDArray w = normal(manager, new Random(seed), 0.02, 8, 64);
            TrainableWeight plain = quantizer.start(w);
            for (int power : new int[] {-30, -10, 10, 30}) {
                float scale = (float) Math.pow(2, power);
                TrainableWeight scaled = quantizer.start(w.mul(scale));
                assertThat(scaled.stepSize().toFloatArray())
                        .isEqualTo(plain.stepSize().mul(scale).toFloatArray());
                assertThat(scaled.zeroPoint().toFloatArray())
                        .isEqualTo(plain.zeroPoint().toFloatArray());
                assertThat(quantizer.codes(scaled).toByteArray())
                        .isEqualTo(quantizer.codes(plain).toByteArray());
            }
        }
    }

    @Test
    void oneHugeWeightIsKeptAndAGroupOfTinyOnesGetsAStepOfTheWeightsOwnSize() {
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(new Quantization(4, 8, false), manager)) {
            float[] values = new float[16];
            values[3] = 1e20f;
            values[9] = 1e-8f;
            TrainableWeight weight = quantizer.start(manager.create(values, new Shape(1, 16)));

            assertThat(weight.stepSize().toFloatArray())
                    .containsExactly(new float[] {1e20f / 15, 1e20f / 15 * 0x1p-12f}, within(1e10f));
            assertThat(quantizer.quantize(List.of(weight)).getFirst().toFloatArray()[3])
                    .isEqualTo(1e20f);
        }
    }

    @ParameterizedTest
    @MethodSource("grids")
    void packedCodesGiveTheSameWeightsAndTheGradientsOfFrozenCodes(Quantization grid, int seed) {
        Random random = new Random(seed);
        try (NDScope _ = new NDScope();
                AffineQuantizer quantizer = new AffineQuantizer(grid, manager);
                Packer packer = new Packer(grid, manager)) {
            // 7 rows of 48: at 3 bits the high plane ends inside a byte.
            TrainableWeight weight = quantizer.start(normal(manager, random, 0.02, 7, 48));
            NDArray codes = quantizer.codes(weight);
            PackedWeight packed = new PackedWeight(packer.pack(codes), weight.stepSize(), weight.zeroPoint(), 7, 48);
            NDArray unpacked = packer.unpack(packed);

            assertThat(unpacked.toFloatArray())
                    .isEqualTo(quantizer.quantize(List.of(weight)).getFirst().toFloatArray());

            NDArray outer = normal(manager, random, 1, 7, 48);
            long groups = weight.stepSize().getShape().get(0);
            NDArray s = Gradients.leaf(weight.stepSize().duplicate());
            NDArray z = Gradients.leaf(weight.zeroPoint().duplicate());
            NDArray frozen = codes.toType(DataType.FLOAT32, false).reshape(groups, -1);
            TestCompute.backward(Gradients.record(
                    () -> frozen.sub(z).mul(s).mul(outer.reshape(groups, -1)).sum()));
            NDList gradients = packer.gradients(packed, outer, unpacked);

            assertThat(relativeDifference(gradients.get(0), s.getGradient())).isLessThan(1e-5);
            assertThat(relativeDifference(gradients.get(1), z.getGradient())).isLessThan(1e-5);
        }
    }
}
