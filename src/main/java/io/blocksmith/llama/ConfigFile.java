package io.blocksmith.llama;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** Reads {@code config.json} of a Hugging Face folder; what this decoder cannot compute exactly is refused by name. */
public final class ConfigFile {
    public static final String NAME = "config.json";
    private static final List<String> ARCHITECTURES = List.of("LlamaForCausalLM");

    private final Path file;
    private final JsonNode root;

    private ConfigFile(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /** The configuration of the model in {@code folder}. */
    public static LlamaConfig read(Path folder) {
        return open(folder).config();
    }

    static ConfigFile open(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw BlocksmithException.user("%s: no such file; expected a Hugging Face model folder", file);
        }
        try {
            return new ConfigFile(file, new ObjectMapper().readTree(file.toFile()));
        } catch (IOException e) {
            throw BlocksmithException.user("%s: not valid JSON: %s", file, e.getMessage());
        }
    }

    private LlamaConfig config() {
        String architecture = root.path("architectures").path(0).asText("(none)");
        if (!ARCHITECTURES.contains(architecture)) {
            throw BlocksmithException.user(
                    "%s: architecture %s is not supported; supported: %s", file, architecture, ARCHITECTURES);
        }
        String activation = root.path("hidden_act").asText("silu");
        if (!activation.equals("silu")) {
            throw BlocksmithException.user("%s: hidden_act %s is not supported; supported: silu", file, activation);
        }
        int hidden = size("hidden_size");
        int heads = size("num_attention_heads");
        int keyValueHeads = root.path("num_key_value_heads").isNumber() ? size("num_key_value_heads") : heads;
        if (heads % keyValueHeads != 0) {
            throw BlocksmithException.user(
                    "%s: num_attention_heads %d is not a multiple of num_key_value_heads %d",
                    file, heads, keyValueHeads);
        }
        int headSize = root.path("head_dim").isNumber() ? size("head_dim") : hidden / heads;
        if (headSize % 2 != 0) {
            throw BlocksmithException.user(
                    "%s: head size %d is odd; rotary positions need an even one", file, headSize);
        }
        return new LlamaConfig(
                hidden,
                size("intermediate_size"),
                size("num_hidden_layers"),
                heads,
                keyValueHeads,
                headSize,
                size("vocab_size"),
                root.path("max_position_embeddings").asInt(2048),
                root.path("rms_norm_eps").asDouble(1e-6),
                theta(),
                scaling(),
                root.path("attention_bias").asBoolean(false),
                root.path("mlp_bias").asBoolean(false),
                root.path("tie_word_embeddings").asBoolean(false),
                beginToken());
    }

    private int size(String key) {
        JsonNode value = root.path(key);
        if (!value.isIntegralNumber() || value.asInt() < 1) {
            throw BlocksmithException.user(
                    "%s: %s: expected a whole number above 0, found %s",
                    file, key, value.isMissingNode() ? "nothing" : value);
        }
        return value.asInt();
    }

    private double theta() {
        // Newer folders keep theta beside the scaling, under rope_parameters.
        return root.path("rope_theta")
                .asDouble(root.path("rope_parameters").path("rope_theta").asDouble(10_000));
    }

    private RopeScaling scaling() {
        JsonNode node = root.path("rope_scaling").isObject() ? root.path("rope_scaling") : root.path("rope_parameters");
        if (!node.isObject()) {
            return new RopeScaling.None();
        }
        String type = node.path("rope_type").asText(node.path("type").asText("default"));
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(number(node, "factor"));
            case "llama3" ->
                new RopeScaling.Llama3(
                        number(node, "factor"),
                        number(node, "low_freq_factor"),
                        number(node, "high_freq_factor"),
                        number(node, "original_max_position_embeddings"));
            default ->
                throw BlocksmithException.user(
                        "%s: rope_scaling type %s is not supported; supported: default, linear, llama3", file, type);
        };
    }

    private double number(JsonNode node, String key) {
        if (!node.path(key).isNumber()) {
            throw BlocksmithException.user(
                    "%s: rope_scaling.%s: expected a number, found %s", file, key, node.path(key));
        }
        return node.path(key).asDouble();
    }

    private OptionalInt beginToken() {
        JsonNode value = root.path("bos_token_id");
        JsonNode first = value.isArray() ? value.path(0) : value;
        return first.isIntegralNumber() ? OptionalInt.of(first.asInt()) : OptionalInt.empty();
    }
}
