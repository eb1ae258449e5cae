package io.blocksmith.llama;

import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;

/** Random small Llamas, as configurations and as Hugging Face folders. */
public final class TinyModel {
    private TinyModel() {}

    /** Hidden 64, feed-forward 128, 4 query and 2 key-value heads of 16, tied head. */
    public static LlamaConfig config(int blocks) {
        return config(blocks, 128);
    }

    /** The same with another width of the feed-forward part. */
    public static LlamaConfig config(int blocks, int feedForward) {
        return of(blocks, feedForward, new RopeScaling.None(), true);
    }

    /** The same with biases, an untied head and Llama 3.1's rotary scaling. */
    public static LlamaConfig everyOption(int blocks) {
        return of(blocks, 128, new RopeScaling.Llama3(8, 1, 4, 32), false);
    }

    private static LlamaConfig of(int blocks, int feedForward, RopeScaling scaling, boolean plain) {
        return new LlamaConfig(
                64,
                feedForward,
                blocks,
                4,
                2,
                16,
                96,
                256,
                1e-5,
                10_000,
                scaling,
                !plain,
                !plain,
                plain,
                OptionalInt.of(1));
    }

    /** Writes config.json and model.safetensors with weights of {@code seed}. */
    public static Path write(Path folder, LlamaConfig config, TensorType type, long seed) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), json(config));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<TensorInfo> tensors = tensors(config, type);
        Random random = new Random(seed);
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"))) {
            for (TensorInfo tensor : tensors) {
                writer.write(tensor.name(), values(tensor, random));
            }
            writer.finish();
        }
        return folder;
    }

    private static MemorySegment values(TensorInfo tensor, Random random) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        boolean norm = tensor.name().contains("norm");
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (norm ? 1 + 0.1 * random.nextGaussian() : 0.08 * random.nextGaussian());
        }
        byte[] encoded = new byte[Math.toIntExact(tensor.bytes())];
        Floats.encode(MemorySegment.ofArray(values), tensor.type(), MemorySegment.ofArray(encoded));
        return MemorySegment.ofArray(encoded);
    }

    private static List<TensorInfo> tensors(LlamaConfig config, TensorType type) {
        List<TensorInfo> tensors = new ArrayList<>();
        tensors.add(TensorInfo.of(LlamaNames.EMBEDDING, type, config.vocabulary(), config.hidden()));
        for (int block = 0; block < config.blocks(); block++) {
            tensors.add(TensorInfo.of(LlamaNames.attentionNorm(block), type, config.hidden()));
            for (Linear linear : Linear.values()) {
                tensors.add(TensorInfo.of(
                        LlamaNames.weight(block, linear), type, config.rows(linear), config.columns(linear)));
                if (config.hasBias(linear)) {
                    tensors.add(TensorInfo.of(LlamaNames.bias(block, linear), type, config.rows(linear)));
                }
            }
            tensors.add(TensorInfo.of(LlamaNames.feedForwardNorm(block), type, config.hidden()));
        }
        tensors.add(TensorInfo.of(LlamaNames.FINAL_NORM, type, config.hidden()));
        if (!config.tiedHead()) {
            tensors.add(TensorInfo.of(LlamaNames.HEAD, type, config.vocabulary(), config.hidden()));
        }
        return tensors;
    }

    private static String json(LlamaConfig config) {
        String scaling = config.ropeScaling() instanceof RopeScaling.Llama3 llama3
                ? """
                {"rope_type": "llama3", "factor": %s, "low_freq_factor": %s, "high_freq_factor": %s,
                 "original_max_position_embeddings": %s}\
                """.formatted(
                                llama3.factor(),
                                llama3.lowFrequencyFactor(),
                                llama3.highFrequencyFactor(),
                                llama3.originalContext())
                : "null";
        return """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
             "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
             "num_key_value_heads": %d, "head_dim": %d, "vocab_size": %d, "max_position_embeddings": %d,
             "rms_norm_eps": %s, "rope_theta": %s, "rope_scaling": %s, "attention_bias": %s, "mlp_bias": %s,
             "tie_word_embeddings": %s, "bos_token_id": %d, "torch_dtype": "float32"}
            """.formatted(
                        config.hidden(),
                        config.feedForward(),
                        config.blocks(),
                        config.heads(),
                        config.keyValueHeads(),
                        config.headSize(),
                        config.vocabulary(),
                        config.contextLength(),
                        config.normEpsilon(),
                        config.ropeTheta(),
                        scaling,
                        config.attentionBias(),
                        config.feedForwardBias(),
                        config.tiedHead(),
                        config.beginToken().orElseThrow());
    }
}
