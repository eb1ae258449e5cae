package io.blocksmith.demo;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Writes a trained model as a Hugging Face folder with BF16 weights. */
public final class ModelFolder {
    private static final double RANDOM_SCALE = 0.02;

    private ModelFolder() {}

    /** Creates {@code folder} and replaces the model in it. */
    public static void write(Path folder, TrainedModel model, BytePairTokenizer tokenizer) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be made: %s", folder, Reason.of(e));
        }
        JsonFile.write(folder.resolve(ConfigFile.NAME), config(model.config()));
        JsonFile.write(folder.resolve("generation_config.json"), generation());
        JsonFile.write(folder.resolve("tokenizer_config.json"), tokenizerConfig(model.config()));
        TokenizerFile.write(tokenizer, folder);
        weights(folder.resolve(Checkpoint.SINGLE), model);
    }

    /** Creates {@code folder} with a model of random weights and no tokenizer: good for measuring, not for writing. */
    public static void writeRandom(Path folder, LlamaConfig config, long seed) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be made: %s", folder, Reason.of(e));
        }
        JsonFile.write(folder.resolve(ConfigFile.NAME), config(config));
        SplittableRandom random = new SplittableRandom(seed);
        List<float[]> values = new ArrayList<>();
        for (TensorInfo entry : Parameters.entries(config)) {
            float[] numbers = new float[Math.toIntExact(entry.elements())];
            boolean gains = entry.shape().size() == 1;
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = gains ? 1 : (float) (RANDOM_SCALE * random.nextGaussian());
            }
            values.add(numbers);
        }
        weights(folder.resolve(Checkpoint.SINGLE), new TrainedModel(config, values, 0, Double.NaN));
    }

    private static Map<String, Object> config(LlamaConfig config) {
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("architectures", List.of("LlamaForCausalLM"));
        keys.put("model_type", "llama");
        keys.put("hidden_size", config.hidden());
        keys.put("intermediate_size", config.feedForward());
        keys.put("num_hidden_layers", config.blocks());
        keys.put("num_attention_heads", config.heads());
        keys.put("num_key_value_heads", config.keyValueHeads());
        keys.put("head_dim", config.headSize());
        keys.put("vocab_size", config.vocabulary());
        keys.put("max_position_embeddings", config.contextLength());
        keys.put("hidden_act", "silu");
        keys.put("rms_norm_eps", config.normEpsilon());
        keys.put("rope_theta", config.ropeTheta());
        keys.put("rope_scaling", null);
        keys.put("attention_bias", config.attentionBias());
        keys.put("mlp_bias", config.feedForwardBias());
        keys.put("tie_word_embeddings", config.tiedHead());
        keys.put("bos_token_id", BytePairTokenizer.BEGIN);
        keys.put("eos_token_id", BytePairTokenizer.BEGIN);
        keys.put("torch_dtype", "bfloat16");
        return keys;
    }

    private static Map<String, Object> generation() {
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("bos_token_id", BytePairTokenizer.BEGIN);
        keys.put("eos_token_id", BytePairTokenizer.BEGIN);
        keys.put("do_sample", true);
        return keys;
    }

    private static Map<String, Object> tokenizerConfig(LlamaConfig config) {
        String begin = BytePairTokenizer.SPECIAL.get(BytePairTokenizer.BEGIN);
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("tokenizer_class", "PreTrainedTokenizerFast");
        keys.put("bos_token", begin);
        keys.put("eos_token", begin);
        keys.put("unk_token", BytePairTokenizer.SPECIAL.getFirst());
        keys.put("clean_up_tokenization_spaces", false);
        keys.put("model_max_length", config.contextLength());
        return keys;
    }

    private static void weights(Path file, TrainedModel model) {
        List<TensorInfo> entries = Parameters.entries(model.config());
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, entries, Map.of("format", "pt"))) {
            for (int i = 0; i < entries.size(); i++) {
                byte[] halves = new byte[2 * model.values().get(i).length];
                MemorySegment target = MemorySegment.ofArray(halves);
                Floats.encode(MemorySegment.ofArray(model.values().get(i)), TensorType.BF16, target);
                writer.write(entries.get(i).name(), target);
            }
            writer.finish();
        }
    }
}
