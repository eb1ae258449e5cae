package io.blocksmith.llama;

import static io.blocksmith.tensor.TestCompute.normal;
import static io.blocksmith.tensor.TestCompute.relativeDifference;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScriptedBlockTest {
    private final NDManager manager = TestCompute.cpu().manager();

    @TempDir
    Path folder;

    static Stream<LlamaConfig> configs() {
        return Stream.of(TinyModel.config(1), TinyModel.everyOption(1));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void computesWhatThePlainBlockComputesForwardAndBackward(LlamaConfig config) {
        TinyModel.write(folder, config, TensorType.F32, 1);
        try (NDManager scope = manager.newSubManager();
                NDScope _ = new NDScope();
                LlamaWeights weights = CheckpointWeights.open(folder)) {
            RotaryTable rotary = RotaryTable.of(config, 40, scope);
            BlockWeights block = weights.block(0, scope);
            NDArray x = normal(scope, new Random(2), 1, 2, 40, 64);
            NDArray outer = normal(scope, new Random(3), 1, 2, 40, 64);
            try (ScriptedBlock scripted = ScriptedBlock.compile(config, rotary, false, scope)) {
                List<NDArray> fast = outputAndGradients(scripted, block, x, outer);
                List<NDArray> plain = outputAndGradients(new PlainBlock(config, rotary), block, x, outer);

                for (int i = 0; i < fast.size(); i++) {
                    assertThat(relativeDifference(fast.get(i), plain.get(i)))
                            .as("array " + i)
                            .isLessThan(1e-5);
                }
            }
        }
    }

    @Test
    void bfloat16ProductsStayNearFloat32() {
        LlamaConfig config = TinyModel.everyOption(1);
        TinyModel.write(folder, config, TensorType.F32, 1);
        try (NDManager scope = manager.newSubManager();
                NDScope _ = new NDScope();
                LlamaWeights weights = CheckpointWeights.open(folder)) {
            RotaryTable rotary = RotaryTable.of(config, 16, scope);
            BlockWeights block = weights.block(0, scope);
            NDArray x = normal(scope, new Random(2), 1, 1, 16, 64);
            try (ScriptedBlock exact = ScriptedBlock.compile(config, rotary, false, scope);
                    ScriptedBlock half = ScriptedBlock.compile(config, rotary, true, scope)) {
                double difference = relativeDifference(half.forward(x, block), exact.forward(x, block));

                assertThat(difference).isBetween(1e-6, 2e-2);
            }
        }
    }

    private static List<NDArray> outputAndGradients(
            DecoderBlock block, BlockWeights weights, NDArray x, NDArray outer) {
        NDArray input = Gradients.leaf(x.duplicate());
        List<NDArray> linears = weights.linears().stream()
                .map(array -> Gradients.leaf(array.duplicate()))
                .toList();
        List<NDArray> norms = weights.norms().stream()
                .map(array -> Gradients.leaf(array.duplicate()))
                .toList();
        NDArray y = Gradients.record(() -> block.forward(input, new BlockWeights(linears, weights.biases(), norms)));
        Gradients.backward(y, outer);
        return Stream.concat(
                        Stream.of(y),
                        Stream.of(List.of(input), linears, norms)
                                .flatMap(List::stream)
                                .map(NDArray::getGradient))
                .toList();
    }
}
