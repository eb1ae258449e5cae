package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wrong input: one line that says what, where, expected and found; exit code 2; no run folder is left. */
class BadInputTest {
    @TempDir
    Path folder;

    private TinyRun tiny;
    private Path weights;

    @BeforeEach
    void writeGoodInput() {
        tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        weights = tiny.model().resolve("model.safetensors");
    }

    private void assertRefused(String message, String... more) {
        Path run = folder.resolve("run");
        CommandLineRun result = tiny.run(run, more);

        assertThat(result.errorLine()).contains(message).doesNotContain(" AND ");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(run).doesNotExist();
    }

    @Test
    void aMissingShard() throws IOException {
        Files.delete(weights);
        Files.writeString(
                tiny.model().resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"model.norm.weight\": \"model-00002-of-00002.safetensors\"}}");

        assertRefused("model-00002-of-00002.safetensors: shard missing");
    }

    @Test
    void aTruncatedSafetensorsFile() throws IOException {
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length - 100));

        assertRefused("model.safetensors: truncated");
    }

    @Test
    void aHeaderOfTwoGigabytes() throws IOException {
        byte[] whole = Files.readAllBytes(weights);
        ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 1L << 31);
        Files.write(weights, whole);

        assertRefused("header length 2147483648, expected 2 to 100000000 bytes");
    }

    @Test
    void overlappingOffsets() throws IOException {
        Files.writeString(weights, "");
        byte[] json = """
            {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}\
            """.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + 6).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(weights, file.putLong(json.length).put(json).array());

        assertRefused("tensor b: data begins at 2, expected 4 right after a; the file has overlapping tensors");
    }

    @Test
    void aPickleCheckpoint() throws IOException {
        Files.move(weights, tiny.model().resolve("pytorch_model.bin"));

        assertRefused("pytorch_model.bin: pickle checkpoints are refused");
    }

    @Test
    void aGroupSizeThatDoesNotDivide() {
        assertRefused(
                "model.layers.0.self_attn.q_proj.weight: 64 columns are not divisible by group-size 48",
                "--set",
                "quantization.group-size=48");
    }

    @Test
    void anEmptyCalibrationFile() throws IOException {
        Files.writeString(tiny.calibration(), "");

        assertRefused("text.ids");
    }

    @Test
    void fewerTokensThanNeeded() {
        assertRefused(
                "1000 windows of 16 tokens needed besides 128 tokens held out for validation, found 242 (4000 tokens"
                        + " in all)",
                "--set",
                "calibration.train-samples=1000");
    }

    @Test
    void anUnknownKey() {
        assertRefused("quantization.bitz", "--set", "quantization.bitz=2");
    }

    @Test
    void aTokenIdPastTheVocabulary() throws IOException {
        Files.writeString(tiny.calibration(), " 96", StandardOpenOption.APPEND);

        assertRefused("96");
    }

    @Test
    void anUnsupportedArchitecture() throws IOException {
        Path config = tiny.model().resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("LlamaForCausalLM", "MambaForCausalLM"));

        assertRefused("config.json: architecture MambaForCausalLM is not supported; supported: [LlamaForCausalLM]");
    }

    @Test
    void anExportThatCannotHoldTheModel() {
        LlamaConfig odd = new LlamaConfig(
                64,
                172,
                2,
                4,
                2,
                16,
                96,
                256,
                1e-5,
                10_000,
                new RopeScaling.None(),
                false,
                false,
                true,
                OptionalInt.of(1));
        TinyModel.write(tiny.model(), odd, TensorType.F32, 1);

        assertRefused("172", "--set", "quantization.group-size=-1");
    }

    @Test
    void aMissingModelFolder() {
        CommandLineRun result = CommandLineRun.of(
                "quantize",
                "--model",
                folder.resolve("nowhere").toString(),
                "--calibration",
                tiny.calibration().toString(),
                "--out",
                folder.resolve("run").toString());

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.errorLine()).contains("nowhere");
    }

    @Test
    void aBucketWhereARunInOneProcessWantsAFolder() {
        CommandLineRun result = CommandLineRun.of("quantize", "--out", "s3://bucket/run");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.errorLine()).contains("--out s3://bucket/run", "blocksmith submit");
    }

    @Test
    void aMissingTensor() throws IOException {
        Path config = tiny.model().resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));

        assertRefused("tensor model.layers.2.input_layernorm.weight is missing from the checkpoint");
    }
}
