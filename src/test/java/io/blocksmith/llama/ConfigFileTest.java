package io.blocksmith.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No key that changes the arithmetic falls back to a default because it could not be read. */
class ConfigFileTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("config.json");
        Files.writeString(file, """
            {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
             "num_attention_heads": 4, "vocab_size": 96}
            """);
    }

    private LlamaConfig with(Consumer<ObjectNode> change) throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(root);
        JSON.writeValue(file.toFile(), root);
        return ConfigFile.read(folder);
    }

    /** {@code json} in place of the value of {@code key}, which may lie one level down. */
    private LlamaConfig with(String key, String json) throws IOException {
        return with(root -> {
            try {
                int dot = key.indexOf('.');
                ObjectNode parent = dot < 0 ? root : root.withObject("/" + key.substring(0, dot));
                parent.set(key.substring(dot + 1), JSON.readTree(json));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void whatIsAbsentHasTransformersDefaults() {
        LlamaConfig config = ConfigFile.read(folder);

        assertThat(config.keyValueHeads()).isEqualTo(4);
        assertThat(config.headSize()).isEqualTo(16);
        assertThat(config.normEpsilon()).isEqualTo(1e-6);
        assertThat(config.ropeTheta()).isEqualTo(10_000);
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.None());
        assertThat(config.contextLength()).isEqualTo(2048);
        assertThat(config.tiedHead()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rope_theta | \"ten thousand\"",
                "rope_theta | -1",
                "rope_theta | 0",
                "rope_theta | null",
                "rope_theta | 1e400",
                "rope_parameters.rope_theta | \"1e6\"",
                "rms_norm_eps | \"1e-5\"",
                "rms_norm_eps | null",
                "rms_norm_eps | -1e-5",
                "head_dim | \"16\"",
                "head_dim | 16.5",
                "head_dim | 0",
                "num_key_value_heads | \"2\"",
                "num_key_value_heads | -2",
                "hidden_size | 4294967360",
                "max_position_embeddings | \"2048\"",
                "max_position_embeddings | null",
                "attention_bias | \"false\"",
                "attention_bias | 1",
                "mlp_bias | \"true\"",
                "tie_word_embeddings | \"yes\"",
                "tie_word_embeddings | 1",
                "hidden_act | null",
                "hidden_act | \"gelu\"",
                "rope_interleaved | true",
                "partial_rotary_factor | 0.5",
                "rope_parameters.partial_rotary_factor | \"1\"",
                "rope_scaling | \"linear\"",
                "rope_scaling | 2",
                "rope_scaling.rope_type | 7",
                "rope_scaling.rope_type | \"yarn\"",
                "rope_scaling.type | \"dynamic\"",
            })
    void aValueThatCannotBeReadIsRefusedByName(String key, String json) {
        String name = key.substring(key.indexOf('.') + 1);
        assertThatThrownBy(() -> with(key, json))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(name.equals("type") || name.equals("rope_type") ? "type" : name)
                .extracting(failure -> ((BlocksmithException) failure).category())
                .isEqualTo(Category.USER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"8\"", "0", "-8", "null"})
    void aFactorOfTheScalingIsANumberAboveZero(String factor) {
        assertThatThrownBy(() -> with("rope_scaling", "{\"rope_type\": \"linear\", \"factor\": %s}".formatted(factor)))
                .hasMessageContaining("rope_scaling.factor: expected a number above 0, found " + factor);
    }

    @Test
    void besideTheScalingStandsTheThetaThatCounts() throws IOException {
        with("rope_theta", "20000");
        assertThat(with("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 500000.0}")
                        .ropeTheta())
                .isEqualTo(500_000);
        assertThat(with("rope_parameters", "{\"rope_type\": \"default\"}").ropeTheta())
                .isEqualTo(20_000);
    }

    @Test
    void ofTwoSpellingsOfTheScalingTheOlderCountsWhereItSaysAnything() throws IOException {
        with("rope_parameters", "{\"rope_type\": \"linear\", \"factor\": 4}");
        assertThat(with("rope_scaling", "null").ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
        assertThat(with("rope_scaling", "{}").ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
        assertThat(with("rope_scaling", "{\"type\": \"linear\", \"factor\": 2}").ropeScaling())
                .isEqualTo(new RopeScaling.Linear(2));
        assertThat(with("rope_scaling", "{\"type\": \"linear\", \"rope_type\": \"default\", \"factor\": 2}")
                        .ropeScaling())
                .isEqualTo(new RopeScaling.None());
    }

    @Test
    void llama3sFirstContextComesFromWhereTransformersTakesIt() throws IOException {
        String llama3 = "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4%s}";
        with("max_position_embeddings", "131072");
        assertThat(with("rope_scaling", llama3.formatted("")).ropeScaling())
                .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 131_072));
        assertThat(with("rope_scaling", llama3.formatted(", \"original_max_position_embeddings\": 8192"))
                        .ropeScaling())
                .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 8192));
        assertThat(with("original_max_position_embeddings", "4096").ropeScaling())
                .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 4096));
        assertThatThrownBy(() -> with("rope_scaling.high_freq_factor", "1"))
                .hasMessageContaining("rope_scaling.high_freq_factor 1.0 is not above low_freq_factor 1.0");
    }

    @Test
    void whatPythonReadsIsRead() throws IOException {
        String text = Files.readString(file);
        Files.writeString(
                file, text.replace("\"vocab_size\": 96", "\"vocab_size\": 1, \"vocab_size\": 96, \"note\": -Infinity"));

        assertThat(ConfigFile.read(folder).vocabulary()).isEqualTo(96);
    }

    @Test
    void keysOfNoKnownEffectAreToldAndThoseOfNoneAreNot() throws IOException {
        with("use_cache", "true");
        with("torch_dtype", "\"bfloat16\"");
        with("residual_multiplier", "0.22");
        with("sliding_window", "4096");
        with("layer_types", "null");
        with("rope_scaling", "{\"rope_type\": \"linear\", \"factor\": 2, \"beta_fast\": 32}");

        assertThat(ConfigFile.open(folder).unknownKeys())
                .containsExactly("residual_multiplier = 0.22", "sliding_window = 4096", "rope_scaling.beta_fast = 32");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1, 2]", "\"text\"", "{\"a\": 1} {}", ""})
    void aFileThatIsNoObjectIsRefused(String content) throws IOException {
        Files.writeString(file, content);

        assertThatThrownBy(() -> ConfigFile.read(folder))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("config.json: ");
    }
}
