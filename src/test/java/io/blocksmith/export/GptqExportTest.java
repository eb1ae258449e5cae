package io.blocksmith.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Quantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GptqExportTest {
    private static final Quantization GRID = new Quantization(3, 32, false);

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
        return IntStream.of(2, 3, 4, 8)
                .boxed()
                .flatMap(bits -> Stream.of(32, -1)
                        .flatMap(group ->
                                Stream.of(true, false).map(symmetric -> new Quantization(bits, group, symmetric))));
    }

    @ParameterizedTest
    @MethodSource("grids")
    void whatIsWrittenDecodesToWhatWasTrained(Quantization grid) {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(2), TensorType.F32, grid)) {
            export.write(made.source(), output);

            export.verify(made.source(), output);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.embed_tokens.weight",
                "model.layers.1.input_layernorm.weight",
                "model.layers.1.self_attn.k_proj.qweight",
                "model.layers.1.self_attn.k_proj.qzeros",
                "model.layers.1.self_attn.k_proj.scales",
                "model.layers.1.self_attn.k_proj.g_idx",
                "model.layers.1.self_attn.k_proj.bias",
                "model.layers.0.post_attention_layernorm.weight",
                "model.norm.weight",
                "lm_head.weight"
            })
    void oneFlippedBitIsADefectThatNamesTheTensor(String tensor) {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(2), TensorType.F16, GRID)) {
            export.write(made.source(), output);
            ExportCase.flipBit(output, tensor);

            assertThatThrownBy(() -> export.verify(made.source(), output))
                    .asInstanceOf(throwable(BlocksmithException.class))
                    .returns(Category.DEFECT, BlocksmithException::category)
                    .hasMessageContaining("tensor " + tensor + ": element [")
                    .hasMessageMatching(".*expected \\S+, found \\S+;.*");
        }
    }

    @Test
    void aConfigurationOfAnotherGridIsADefect() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, GRID)) {
            export.write(made.source(), output);
            Path file = output.resolve("config.json");
            Files.writeString(file, Files.readString(file).replace("\"group_size\" : 32", "\"group_size\" : 64"));

            assertThatThrownBy(() -> export.verify(made.source(), output))
                    .hasMessageContaining("quantization_config: expected")
                    .hasMessageContaining("groupSize=64");
        }
    }

    @Test
    void theConfigurationKeepsEveryKeyAndTellsTheQuantization() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F32, GRID)) {
            ObjectNode before = (ObjectNode) json(input.resolve("config.json"));
            before.put("dtype", "float32").putObject("our_own").put("key", 1e-5);
            Files.writeString(input.resolve("config.json"), before.toString());

            export.write(made.source(), output);

            JsonNode quantization = new ObjectMapper().readTree("""
                {"quant_method": "gptq", "bits": 3, "group_size": 32, "desc_act": false, "sym": false,
                 "lm_head": false, "checkpoint_format": "gptq_v2", "format": "gptq_v2", "pack_dtype": "int32",
                 "true_sequential": true, "damp_percent": 0.01, "dynamic": {},
                 "meta": {"quantizer": ["test:1"]}}
                """);
            before.put("torch_dtype", "float16").put("dtype", "float16").set("quantization_config", quantization);
            assertThat(json(output.resolve("config.json"))).isEqualTo(before);
            assertThat(json(output.resolve("quantize_config.json"))).isEqualTo(quantization);
        }
    }

    @Test
    void aSymmetricModelIsVersionOne() throws IOException {
        Quantization grid = new Quantization(4, -1, true);
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, grid)) {
            export.write(made.source(), output);

            JsonNode quantization = json(output.resolve("config.json")).path("quantization_config");
            assertThat(quantization.path("checkpoint_format").asText()).isEqualTo("gptq");
            assertThat(quantization.path("sym").asBoolean()).isTrue();
            assertThat(quantization.path("group_size").asInt()).isEqualTo(-1);
        }
    }

    @Test
    void tokenizerAndGenerationFilesAreCopiedAndOthersAreNot() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, GRID)) {
            List<String> copied =
                    List.of("generation_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model");
            for (String name : copied) {
                Files.writeString(input.resolve(name), "{\"of\": \"" + name + "\"}");
            }
            Files.writeString(input.resolve("README.md"), "not ours to copy");

            export.write(made.source(), output);

            assertThat(files())
                    .containsExactly(
                            "config.json",
                            "generation_config.json",
                            "model.safetensors",
                            "quantize_config.json",
                            "special_tokens_map.json",
                            "tokenizer.json",
                            "tokenizer.model");
            assertThat(output.resolve("tokenizer.model")).hasSameBinaryContentAs(input.resolve("tokenizer.model"));
        }
    }

    @Test
    void aChangedTokenizerIsADefect() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, GRID)) {
            Files.writeString(input.resolve("tokenizer.json"), "{}");
            export.write(made.source(), output);
            Files.writeString(output.resolve("tokenizer.json"), "[]");

            assertThatThrownBy(() -> export.verify(made.source(), output))
                    .hasMessageContaining("tokenizer.json: differs from")
                    .hasMessageEndingWith("at byte 0");
        }
    }

    @Test
    void aLargeModelIsShardedAndStillDecodes() throws IOException {
        GptqExport sharding = new GptqExport("test:1", 20_000);
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(3), TensorType.BF16, GRID)) {
            sharding.write(made.source(), output);

            sharding.verify(made.source(), output);
            assertThat(files()).contains("model-00001-of-00005.safetensors", "model.safetensors.index.json");
        }
    }

    @Test
    void tensorsComeInTheOrderOfTheModel() {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(1), TensorType.F16, GRID)) {
            export.write(made.source(), output);

            try (SafetensorsFile file = SafetensorsFile.open(output.resolve("model.safetensors"))) {
                assertThat(file.metadata()).containsEntry("format", "pt");
                assertThat(file.tensors().keySet())
                        .startsWith(
                                "model.embed_tokens.weight",
                                "model.layers.0.input_layernorm.weight",
                                "model.layers.0.self_attn.q_proj.qweight",
                                "model.layers.0.self_attn.q_proj.qzeros",
                                "model.layers.0.self_attn.q_proj.scales",
                                "model.layers.0.self_attn.q_proj.g_idx",
                                "model.layers.0.self_attn.q_proj.bias")
                        .endsWith("model.layers.0.mlp.down_proj.bias", "model.norm.weight", "lm_head.weight");
                assertThat(file.info("model.layers.0.mlp.down_proj.qweight").shapeText())
                        .isEqualTo("[12, 64]");
                assertThat(file.info("model.layers.0.mlp.down_proj.qzeros").shapeText())
                        .isEqualTo("[4, 6]");
            }
        }
    }

    @Test
    void theSameStateGivesTheSameBytes() {
        try (ExportCase made = ExportCase.of(input, TinyModel.everyOption(1), TensorType.F32, GRID)) {
            Path again = folder.resolve("again");
            export.write(made.source(), output);
            export.write(made.source(), again);

            for (String name : List.of("config.json", "quantize_config.json", "model.safetensors")) {
                assertThat(again.resolve(name)).hasSameBinaryContentAs(output.resolve(name));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {1e5f, 0f, -1e-9f, Float.NaN})
    void aStepSizeThatFloat16CannotHoldIsRefusedByName(float stepSize) {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F32, GRID)) {
            made.blocks().block(0).stepSizes.get(Linear.UP)[5] = stepSize;

            assertThatThrownBy(() -> export.write(made.source(), output))
                    .hasMessageContaining("model.layers.0.mlp.up_proj.scales: step size")
                    .hasMessageContaining("row 2, group 1");
        }
    }

    /** As a row of next to nothing has it. */
    @Test
    void aStepSizeBelowFloat16IsStoredAsItsLeast() {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F32, GRID)) {
            made.blocks().block(0).stepSizes.get(Linear.UP)[5] = 1e-9f;

            export.write(made.source(), output);
            export.verify(made.source(), output);
            try (GptqDecoder decoder = GptqDecoder.open(output)) {
                assertThat(decoder.stepSizes("model.layers.0.mlp.up_proj")[5]).isEqualTo(0x1p-24f);
            }
        }
    }

    @Test
    void anEmbeddingPastFloat16IsRefusedByName() {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F32, GRID)) {
            ExportCase.set(input, "model.norm.weight", 7, 70_000);

            assertThatThrownBy(() -> export.write(made.source(), output))
                    .hasMessageContaining("model.norm.weight: 70000.0 does not fit float16");
        }
    }

    @Test
    void aSymmetricModelWithAnotherZeroPointIsADefect() {
        Quantization grid = new Quantization(4, -1, true);
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, grid)) {
            made.blocks().block(0).zeroPoints.get(Linear.O)[3] = 7;

            assertThatThrownBy(() -> export.write(made.source(), output))
                    .hasMessageContaining("model.layers.0.self_attn.o_proj: a zero point is not 8");
        }
    }

    @Test
    void aFolderWithContentIsNotOverwritten() throws IOException {
        try (ExportCase made = ExportCase.of(input, TinyModel.config(1), TensorType.F16, GRID)) {
            Files.createDirectories(output);
            Files.writeString(output.resolve("model.safetensors"), "older");

            assertThatThrownBy(() -> export.write(made.source(), output))
                    .hasMessageContaining("an export needs an empty folder");
        }
    }

    /** stories260K: feed-forward 172. */
    @Test
    void inputColumnsThatDoNotFillWordsAreRefusedNamingTheTensor() {
        assertThat(export.refusal(config(64, 172), new Quantization(2, -1, false)))
                .contains("model.layers.0.mlp.down_proj: 172 input columns are not a multiple of 16, which gptq needs "
                        + "at 2 bits; formats that can hold this model: dequantized");
    }

    @Test
    void outputRowsThatDoNotFillWordsAreRefusedNamingTheTensor() {
        LlamaConfig fewKeys = new LlamaConfig(
                64, 64, 1, 8, 1, 8, 96, 64, 1e-5, 1e4, new RopeScaling.None(), false, false, true, OptionalInt.of(1));

        assertThat(export.refusal(fewKeys, new Quantization(2, -1, false)).orElseThrow())
                .startsWith("model.layers.0.self_attn.k_proj: 8 output rows are not a multiple of 16");
    }

    @Test
    void widthsMustFillWordsOfTheirBits() {
        assertThat(refused(48, 2)).isFalse();
        assertThat(refused(40, 2)).isTrue();
        assertThat(refused(96, 3)).isFalse();
        assertThat(refused(48, 3)).isTrue();
        assertThat(refused(40, 4)).isFalse();
        assertThat(refused(36, 4)).isTrue();
        assertThat(refused(36, 8)).isFalse();
        assertThat(refused(38, 8)).isTrue();
    }

    @Test
    void theOtherFormatHoldsEveryModel() {
        ModelExport dequantized = ModelExport.of(ExportFormat.DEQUANTIZED);

        assertThat(dequantized.refusal(config(64, 172), GRID)).isEmpty();
    }

    private boolean refused(int width, int bits) {
        return export.refusal(config(width, width), new Quantization(bits, -1, false))
                .isPresent();
    }

    private static LlamaConfig config(int hidden, int feedForward) {
        RopeScaling scaling = new RopeScaling.None();
        return new LlamaConfig(
                hidden,
                feedForward,
                1,
                1,
                1,
                hidden,
                96,
                64,
                1e-5,
                1e4,
                scaling,
                false,
                false,
                true,
                OptionalInt.of(1));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> entries = Files.list(output)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }
}
