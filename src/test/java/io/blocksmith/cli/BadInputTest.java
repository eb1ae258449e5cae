package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    private void set(String tensor, int element, float value) throws IOException {
        set(tensor, Map.of(element, value));
    }

    /** Sets numbers of the F32 checkpoint. */
    private void set(String tensor, Map<Integer, Float> values) throws IOException {
        TensorInfo info;
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            info = file.info(tensor);
        }
        ByteBuffer whole = ByteBuffer.wrap(Files.readAllBytes(weights)).order(ByteOrder.LITTLE_ENDIAN);
        int data = Math.toIntExact(8 + whole.getLong(0) + info.begin());
        values.forEach((element, value) -> whole.putFloat(data + 4 * element, value));
        Files.write(weights, whole.array());
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.0.self_attn.q_proj.weight, 65, NaN, '[1, 1]'",
        "model.norm.weight, 3, Infinity, '[3]'",
        "model.layers.0.input_layernorm.weight, 0, NaN, '[0]'",
        "model.embed_tokens.weight, 6143, -Infinity, '[95, 63]'"
    })
    void aNumberThatIsNone(String tensor, int element, float value, String place) throws IOException {
        set(tensor, element, value);

        assertRefused("tensor %s: %s at %s; expected finite numbers".formatted(tensor, value, place));
    }

    /** And the advice in the refusal, followed, leads to a model. */
    @Test
    void aNumberThatAnExportCannotHold() throws IOException {
        set("model.embed_tokens.weight", 7, 1e5f);

        assertRefused("model.embed_tokens.weight: a number of magnitude 100000.0 at [0, 7] is beyond float16");
        CommandLineRun advised = this.tiny.run(folder.resolve("run"), "--set", "exports=[dequantized]");
        assertThat(advised.exitCode()).as(advised.err()).isZero();
    }

    @Test
    void aWeightWhoseStepSizesAnExportCannotHold() throws IOException {
        Map<Integer, Float> tiny = new HashMap<>();
        for (int i = 0; i < 128 * 64; i++) {
            tiny.put(i, (i % 7 - 3) * 1e-7f);
        }
        set("model.layers.0.mlp.up_proj.weight", tiny);

        assertRefused("model.layers.0.mlp.up_proj.weight: its largest magnitude is 3.0E-7");
        CommandLineRun advised = this.tiny.run(folder.resolve("run"), "--set", "exports=[dequantized]");
        assertThat(advised.exitCode()).as(advised.err()).isZero();
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
        TinyModel.write(tiny.model(), TinyModel.config(2, 172), TensorType.F32, 1);

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
