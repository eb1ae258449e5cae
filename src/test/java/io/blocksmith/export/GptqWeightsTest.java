package io.blocksmith.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.PlainBlock;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GptqWeightsTest {
    private static final String DOWN = "model.layers.0.mlp.down_proj";

    private final NDManager manager = TestCompute.cpu().manager();
    private final GptqExport export = new GptqExport("test:1", ModelExport.SHARD_BYTES);

    @TempDir
    Path folder;

    private Path input;
    private Path output;

    @BeforeEach
    void places() {
        input = folder.resolve("in");
        output = folder.resolve("out");
    }

    static Stream<Quantization> grids() {
        return Stream.of(
                new Quantization(2, 32, false),
                new Quantization(3, -1, false),
                new Quantization(4, 32, true),
                new Quantization(8, -1, true));
    }

    @ParameterizedTest
    @MethodSource("grids")
    void aBlockIsTheTrainedOneWithFloat16StepSizes(Quantization grid) {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(2), TensorType.F16, grid);
                NDManager scope = manager.newSubManager()) {
            export.write(made.source(), output);

            try (LlamaWeights weights = ModelFolders.open(output)) {
                BlockWeights block = weights.block(1, scope);
                for (Linear linear : Linear.values()) {
                    assertThat(block.linear(linear).toFloatArray()).isEqualTo(expected(made, 1, linear));
                    assertThat(block.biases().get(linear.index()).toFloatArray())
                            .isEqualTo(halved(made.blocks().block(1).bias(linear)));
                }
                assertThat(block.norms().get(0).toFloatArray())
                        .isEqualTo(halved(made.blocks().block(1).attentionNorm()));
                assertThat(block.norms().get(1).toFloatArray())
                        .isEqualTo(halved(made.blocks().block(1).feedForwardNorm()));
            }
        }
    }

    /** With step sizes of so few digits that W^ is exact in float16, both exports are the same weights. */
    @Test
    void logitsEqualThoseOfTheDequantizedExport() {
        Quantization grid = new Quantization(2, 32, false);
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(2), TensorType.F16, grid)) {
            for (int index = 0; index < 2; index++) {
                for (float[] stepSizes : made.blocks().block(index).stepSizes.values()) {
                    for (int i = 0; i < stepSizes.length; i++) {
                        stepSizes[i] = Float.intBitsToFloat(Float.floatToRawIntBits(stepSizes[i]) & 0xFFF00000);
                    }
                }
            }
            export.write(made.source(), output);
            Path plain = folder.resolve("plain");
            new DequantizedExport(ModelExport.SHARD_BYTES).write(made.source(), plain);

            assertThat(logits(output)).isEqualTo(logits(plain));
        }
    }

    private float[] logits(Path model) {
        try (NDManager scope = manager.newSubManager();
                NDScope _ = new NDScope();
                LlamaWeights weights = ModelFolders.open(model);
                OutputHead head = OutputHead.of(weights, scope)) {
            DecoderBlock decoder = new PlainBlock(weights.config(), RotaryTable.of(weights.config(), 8, scope));
            NDArray x = weights.embed(new int[][] {{1, 5, 9, 33, 2, 70, 11, 95}}, scope);
            for (int block = 0; block < weights.config().blocks(); block++) {
                x = decoder.forward(x, weights.block(block, scope));
            }
            return head.logits(x).toFloatArray();
        }
    }

    /** As quantizers with activation order write it: here even columns are of the second group. */
    @Test
    void columnsBelongToTheGroupThatTheIndexNames() {
        Quantization grid = new Quantization(4, 64, false);
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, grid);
                NDManager scope = manager.newSubManager()) {
            export.write(made.source(), output);
            for (int column = 0; column < 128; column++) {
                ExportCase.setInt(output, DOWN + ".g_idx", column, column % 2 == 0 ? 1 : 0);
            }

            try (LlamaWeights weights = GptqWeights.open(output)) {
                float[] found = weights.block(0, scope).linear(Linear.DOWN).toFloatArray();
                byte[] codes = made.blocks().block(0).codes.get(Linear.DOWN);
                byte[] zeroPoints = made.blocks().block(0).zeroPoints.get(Linear.DOWN);
                float[] stepSizes = halved(made.blocks().block(0).stepSizes.get(Linear.DOWN));
                for (int i = 0; i < found.length; i++) {
                    int group = i / 128 * 2 + (i % 2 == 0 ? 1 : 0);
                    assertThat(found[i]).isEqualTo((codes[i] - zeroPoints[group]) * stepSizes[group]);
                }
            }
        }
    }

    @Test
    void aGroupPastTheLastIsRefusedByName() {
        try (ExportCase made =
                ExportCase.of(input, TinyModel.config(1), TensorType.F16, new Quantization(4, 64, false))) {
            export.write(made.source(), output);
            ExportCase.setInt(output, DOWN + ".g_idx", 3, 2);

            assertThatThrownBy(() -> GptqWeights.open(output))
                    .asInstanceOf(throwable(BlocksmithException.class))
                    .returns(Category.USER, BlocksmithException::category)
                    .hasMessageContaining(DOWN + ".g_idx: column 3 belongs to group 2, expected 0 to 1");
        }
    }

    @Test
    void fullPrecisionFoldersOpenAsTheyAre() {
        TinyModel.write(input, TinyModel.config(1), TensorType.BF16, 1);

        try (LlamaWeights weights = ModelFolders.open(input)) {
            assertThat(weights).isInstanceOf(CheckpointWeights.class);
        }
    }

    @Test
    void anotherQuantizationIsRefusedByName() throws IOException {
        TinyModel.write(input, TinyModel.config(1), TensorType.F16, 1);
        quantization("{\"quant_method\": \"awq\", \"bits\": 4}");

        assertThatThrownBy(() -> ModelFolders.open(input))
                .asInstanceOf(throwable(BlocksmithException.class))
                .returns(Category.USER, BlocksmithException::category)
                .hasMessageContaining("quantization_config.quant_method awq is not supported; supported: gptq");
    }

    @Test
    void anotherLayoutOfGptqIsRefusedByName() throws IOException {
        TinyModel.write(input, TinyModel.config(1), TensorType.F16, 1);
        quantization(
                "{\"quant_method\": \"gptq\", \"bits\": 3, \"group_size\": 32, \"checkpoint_format\": \"gptq_p\"}");

        assertThatThrownBy(() -> ModelFolders.open(input))
                .hasMessageContaining("quantization_config.checkpoint_format = \"gptq_p\": expected gptq or gptq_v2");
    }

    @Test
    void weightsOfAnotherShapeThanTheConfigurationSaysAreRefused() throws IOException {
        try (ExportCase made =
                ExportCase.of(input, TinyModel.config(1), TensorType.F16, new Quantization(4, 64, false))) {
            export.write(made.source(), output);
            Path file = output.resolve("config.json");
            Files.writeString(file, Files.readString(file).replace("\"bits\" : 4", "\"bits\" : 2"));

            assertThatThrownBy(() -> ModelFolders.open(output))
                    .asInstanceOf(throwable(BlocksmithException.class))
                    .returns(Category.USER, BlocksmithException::category)
                    .hasMessageContaining("self_attn.q_proj.qweight: I32 [8, 64], expected I32 [4, 64]");
        }
    }

    private void quantization(String json) throws IOException {
        Path file = input.resolve("config.json");
        String config = Files.readString(file).strip();
        Files.writeString(file, config.substring(0, config.length() - 1) + ", \"quantization_config\": " + json + "}");
    }

    private static float[] expected(ExportCase made, int index, Linear linear) {
        byte[] codes = made.blocks().block(index).codes.get(linear);
        byte[] zeroPoints = made.blocks().block(index).zeroPoints.get(linear);
        float[] stepSizes = halved(made.blocks().block(index).stepSizes.get(linear));
        int columns = codes.length / stepSizes.length;
        float[] weights = new float[codes.length];
        for (int i = 0; i < weights.length; i++) {
            int difference = Byte.toUnsignedInt(codes[i]) - Byte.toUnsignedInt(zeroPoints[i / columns]);
            weights[i] = difference * stepSizes[i / columns];
        }
        return weights;
    }

    private static float[] halved(float[] values) {
        float[] halved = values.clone();
        for (int i = 0; i < halved.length; i++) {
            halved[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
        }
        return halved;
    }
}
