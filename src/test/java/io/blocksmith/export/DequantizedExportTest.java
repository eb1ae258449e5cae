package io.blocksmith.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DequantizedExportTest {
    private static final Quantization GRID = new Quantization(2, 32, false);
    private static final String UP = "model.layers.0.mlp.up_proj.weight";

    private final DequantizedExport export = new DequantizedExport(ModelExport.SHARD_BYTES);

    @TempDir
    Path folder;

    private Path input;
    private Path output;

    @BeforeEach
    void places() {
        input = folder.resolve("in");
        output = folder.resolve("out");
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void theFolderIsAPlainLlamaOfWhatWasTrained(TensorType type) {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(2), type, GRID)) {
            export.write(made.source(), output);

            export.verify(made.source(), output);
            try (CheckpointWeights weights = CheckpointWeights.open(output)) {
                assertThat(weights.config()).isEqualTo(made.source().config());
            }
        }
    }

    @Test
    void weightsAreCodeLessZeroPointTimesStepSize() {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F32, GRID)) {
            // Row 1 of [128, 64] begins at element 64, its second group at 96 with scale 3.
            made.blocks().block(0).codes.get(Linear.UP)[97] = 3;
            made.blocks().block(0).zeroPoints.get(Linear.UP)[3] = 1;
            made.blocks().block(0).stepSizes.get(Linear.UP)[3] = 0.75f;

            export.write(made.source(), output);

            ByteBuffer weights = ByteBuffer.wrap(ExportCase.bytes(output, UP)).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(weights.getFloat(4 * 97)).isEqualTo(1.5f);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.embed_tokens.weight", UP, "model.layers.0.mlp.up_proj.bias", "lm_head.weight"})
    void oneFlippedBitIsADefectThatNamesTheTensor(String tensor) {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(1), TensorType.F32, GRID)) {
            export.write(made.source(), output);
            ExportCase.flipBit(output, tensor);

            assertThatThrownBy(() -> export.verify(made.source(), output))
                    .asInstanceOf(throwable(BlocksmithException.class))
                    .returns(Category.DEFECT, BlocksmithException::category)
                    .hasMessageContaining("tensor " + tensor + ": element [");
        }
    }

    @Test
    void theConfigurationTellsTheNumberFormatAndNoQuantization() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.BF16, GRID)) {
            export.write(made.source(), output);

            String config = Files.readString(output.resolve("config.json"));
            assertThat(config).contains("\"torch_dtype\" : \"float16\"").doesNotContain("quantization");
        }
    }

    @Test
    void aMissingTensorIsADefect() {
        Quantization grid = GRID;
        try (ExportCase tied = ExportCase.of(input, TinyModel.config(1), TensorType.F16, grid);
                ExportCase untied =
                        ExportCase.of(folder.resolve("untied"), TinyModel.everyOption(1), TensorType.F16, grid)) {
            export.write(tied.source(), output);

            assertThatThrownBy(() -> export.verify(untied.source(), output))
                    .asInstanceOf(throwable(BlocksmithException.class))
                    .returns(Category.DEFECT, BlocksmithException::category)
                    .hasMessageContaining("tensor model.layers.0.self_attn.q_proj.bias: not written");
        }
    }
}
