package io.blocksmith.llama;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads {@code config.json} of a Hugging Face folder. A key that changes the arithmetic is computed exactly or refused by
 * name; none falls back to a default because it could not be read. Where transformers has a rule for two spellings, this
 * one is the same. Every other key is on the list of those without effect, or told by {@link #unknownKeys}.
 */
public final class ConfigFile {
    public static final String NAME = "config.json";
    private static final List<String> ARCHITECTURES = List.of("LlamaForCausalLM");

    /** What Python's reader takes, too: NaN and infinities, of two equal keys the last. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Read here, or by whoever opens the folder ({@code quantization_config}). */
    private static final Set<String> USED = Set.of(
            "architectures",
            "attention_bias",
            "head_dim",
            "hidden_act",
            "hidden_size",
            "intermediate_size",
            "max_position_embeddings",
            "mlp_bias",
            "num_attention_heads",
            "num_hidden_layers",
            "num_key_value_heads",
            "original_max_position_embeddings",
            "partial_rotary_factor",
            "quantization_config",
            "rms_norm_eps",
            "rope_interleaved",
            "rope_parameters",
            "rope_scaling",
            "rope_theta",
            "tie_word_embeddings",
            "vocab_size");

    /** Known to change nothing of what a token's hidden states are at inference. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_name_or_path",
            "add_cross_attention",
            "attention_dropout",
            "attn_implementation",
            "bos_token_id",
            "dtype",
            "eos_token_id",
            "id2label",
            "initializer_range",
            "is_decoder",
            "is_encoder_decoder",
            "is_llama_config",
            "label2id",
            "model_type",
            "output_attentions",
            "output_hidden_states",
            "pad_token_id",
            // Splits products into slices; their sum is the same.
            "pretraining_tp",
            "return_dict",
            "task_specific_params",
            "torch_dtype",
            "torchscript",
            "transformers.js_config",
            "transformers_version",
            "unsloth_fixed",
            "unsloth_version",
            "use_bfloat16",
            "use_cache");

    private static final Set<String> ROPE_KEYS = Set.of(
            "type",
            "rope_type",
            "rope_theta",
            "partial_rotary_factor",
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings");

    private final Path file;
    private final JsonNode root;

    private ConfigFile(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /** The configuration of the model in {@code folder}. */
    public static LlamaConfig read(Path folder) {
        LlamaConfig config = open(folder).config();
        return config.tiedHead() && StoredHead.isOfItsOwn(folder) ? config.untied() : config;
    }

    static ConfigFile open(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw BlocksmithException.user("%s: no such file; expected a Hugging Face model folder", file);
        }
        try {
            ForeignContent.requireNone(file);
            JsonNode root = JSON.readTree(file.toFile());
            if (!root.isObject()) {
                throw BlocksmithException.user("%s: expected a JSON object, found %s", file, root.getNodeType());
            }
            return new ConfigFile(file, root);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user("%s: not valid JSON: %s", file, e.getOriginalMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    /** Keys that are neither used nor known to be without effect, with their values, in the order of the file. */
    List<String> unknownKeys() {
        List<String> unknown = new ArrayList<>();
        root.properties().forEach(entry -> {
            if (!USED.contains(entry.getKey())
                    && !WITHOUT_EFFECT.contains(entry.getKey())
                    && !entry.getValue().isNull()) {
                unknown.add(entry.getKey() + " = " + entry.getValue());
            }
        });
        rope().properties().forEach(entry -> {
            if (!ROPE_KEYS.contains(entry.getKey()) && !entry.getValue().isNull()) {
                unknown.add(ropeKey(entry.getKey()) + " = " + entry.getValue());
            }
        });
        return unknown;
    }

    /** The quantization that the folder's weights have, or nothing. */
    Optional<String> quantization() {
        JsonNode quantization = root.path("quantization_config");
        return quantization.isMissingNode() || quantization.isNull()
                ? Optional.empty()
                : Optional.of(quantization.path("quant_method").asText("of no name"));
    }

    /** Whether it says that the head is the embedding; the checkpoint may say otherwise. */
    boolean saysTied() {
        return flag("tie_word_embeddings");
    }

    private LlamaConfig config() {
        String architecture = root.path("architectures").path(0).asText("(none)");
        if (!ARCHITECTURES.contains(architecture)) {
            throw BlocksmithException.user(
                    "%s: architecture %s is not supported; supported: %s", file, architecture, ARCHITECTURES);
        }
        JsonNode activation = root.path("hidden_act");
        if (!activation.isMissingNode() && !activation.asText().equals("silu")) {
            throw BlocksmithException.user("%s: hidden_act %s is not supported; supported: silu", file, activation);
        }
        if (flag("rope_interleaved")) {
            throw BlocksmithException.user("%s: rope_interleaved true is not supported; supported: false", file);
        }
        int hidden = size("hidden_size");
        int heads = size("num_attention_heads");
        int keyValueHeads = given("num_key_value_heads") ? size("num_key_value_heads") : heads;
        if (heads % keyValueHeads != 0) {
            throw BlocksmithException.user(
                    "%s: num_attention_heads %d is not a multiple of num_key_value_heads %d",
                    file, heads, keyValueHeads);
        }
        if (!given("head_dim") && hidden % heads != 0) {
            throw BlocksmithException.user(
                    "%s: hidden_size %d is not a multiple of num_attention_heads %d, and no head_dim says what a head"
                            + " is",
                    file, hidden, heads);
        }
        int headSize = given("head_dim") ? size("head_dim") : hidden / heads;
        if (headSize % 2 != 0) {
            throw BlocksmithException.user(
                    "%s: head size %d is odd; rotary positions need an even one", file, headSize);
        }
        int context = root.has("max_position_embeddings") ? size("max_position_embeddings") : 2048;
        return new LlamaConfig(
                hidden,
                size("intermediate_size"),
                size("num_hidden_layers"),
                heads,
                keyValueHeads,
                headSize,
                size("vocab_size"),
                context,
                root.has("rms_norm_eps") ? positive(root, "rms_norm_eps", "rms_norm_eps") : 1e-6,
                theta(),
                scaling(context),
                flag("attention_bias"),
                flag("mlp_bias"),
                flag("tie_word_embeddings"),
                beginToken());
    }

    private boolean given(String key) {
        return root.hasNonNull(key);
    }

    private int size(String key) {
        JsonNode value = root.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 1) {
            throw BlocksmithException.user("%s: %s: expected a whole number above 0, found %s", file, key, text(value));
        }
        return value.asInt();
    }

    /** A switch; false when it is absent or null. */
    private boolean flag(String key) {
        JsonNode value = root.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return false;
        }
        if (!value.isBoolean()) {
            throw BlocksmithException.user("%s: %s: expected true or false, found %s", file, key, value);
        }
        return value.asBoolean();
    }

    private double positive(JsonNode node, String key, String path) {
        JsonNode value = node.path(key);
        if (!value.isNumber() || !Double.isFinite(value.asDouble()) || value.asDouble() <= 0) {
            throw BlocksmithException.user("%s: %s: expected a number above 0, found %s", file, path, text(value));
        }
        return value.asDouble();
    }

    private static String text(JsonNode value) {
        return value.isMissingNode() ? "nothing" : value.toString();
    }

    /** As transformers has it: {@code rope_scaling} when it says anything, else {@code rope_parameters}. */
    private JsonNode rope() {
        return root.path(ropeName());
    }

    private String ropeName() {
        return root.path("rope_scaling").isObject()
                        && !root.path("rope_scaling").isEmpty()
                ? "rope_scaling"
                : "rope_parameters";
    }

    private String ropeKey(String key) {
        return ropeName() + "." + key;
    }

    /** As transformers has it: beside the scaling first, then on its own. */
    private double theta() {
        if (rope().has("rope_theta")) {
            return positive(rope(), "rope_theta", ropeKey("rope_theta"));
        }
        return root.has("rope_theta") ? positive(root, "rope_theta", "rope_theta") : 10_000;
    }

    private RopeScaling scaling(int context) {
        for (String name : List.of("rope_scaling", "rope_parameters")) {
            JsonNode node = root.path(name);
            if (!node.isMissingNode() && !node.isNull() && !node.isObject()) {
                throw BlocksmithException.user("%s: %s: expected an object or null, found %s", file, name, node);
            }
        }
        requireWholeRotation(root, "partial_rotary_factor");
        requireWholeRotation(rope(), ropeKey("partial_rotary_factor"));
        JsonNode node = rope();
        JsonNode named = node.has("rope_type") ? node.path("rope_type") : node.path("type");
        if (!named.isMissingNode() && !named.isTextual()) {
            throw BlocksmithException.user("%s: %s: expected a name, found %s", file, ropeKey("rope_type"), named);
        }
        String type = named.asText("default");
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(ropeNumber("factor"));
            case "llama3" -> llama3(context);
            default ->
                throw BlocksmithException.user(
                        "%s: %s type %s is not supported; supported: default, linear, llama3", file, ropeName(), type);
        };
    }

    private RopeScaling llama3(int context) {
        double low = ropeNumber("low_freq_factor");
        double high = ropeNumber("high_freq_factor");
        if (high <= low) {
            throw BlocksmithException.user(
                    "%s: %s %s is not above low_freq_factor %s", file, ropeKey("high_freq_factor"), high, low);
        }
        String original = "original_max_position_embeddings";
        double before = root.has(original)
                ? positive(root, original, original)
                : rope().has(original) ? ropeNumber(original) : context;
        return new RopeScaling.Llama3(ropeNumber("factor"), low, high, before);
    }

    private double ropeNumber(String key) {
        return positive(rope(), key, ropeKey(key));
    }

    private void requireWholeRotation(JsonNode node, String path) {
        JsonNode value = node.path("partial_rotary_factor");
        if (!value.isMissingNode() && !value.isNull() && !(value.isNumber() && value.asDouble() == 1)) {
            throw BlocksmithException.user("%s: %s %s is not supported; supported: 1", file, path, value);
        }
    }

    private OptionalInt beginToken() {
        JsonNode value = root.path("bos_token_id");
        JsonNode first = value.isArray() ? value.path(0) : value;
        return first.isIntegralNumber() ? OptionalInt.of(first.asInt()) : OptionalInt.empty();
    }
}
