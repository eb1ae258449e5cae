package io.blocksmith.llama;

import java.util.ArrayList;
import java.util.List;

/** The tensors of a Llama checkpoint, named literally as Hugging Face folders name them. */
public final class LlamaNames {
    public static final String EMBEDDING = "model.embed_tokens.weight";
    public static final String FINAL_NORM = "model.norm.weight";
    public static final String HEAD = "lm_head.weight";

    private LlamaNames() {}

    /** E.g. {@code model.layers.3.mlp.up_proj}, without a suffix. */
    public static String linear(int block, Linear linear) {
        return "model.layers.%d.%s".formatted(block, linear.module());
    }

    public static String weight(int block, Linear linear) {
        return linear(block, linear) + ".weight";
    }

    public static String bias(int block, Linear linear) {
        return linear(block, linear) + ".bias";
    }

    /** The tensors under quantization, block by block. */
    public static List<String> linears(LlamaConfig config) {
        List<String> names = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            for (Linear linear : Linear.values()) {
                names.add(weight(block, linear));
            }
        }
        return names;
    }

    /** The tensors that stay floating-point: embedding, norms, biases, last norm, head. */
    public static List<String> plain(LlamaConfig config) {
        List<String> names = new ArrayList<>(List.of(EMBEDDING));
        for (int block = 0; block < config.blocks(); block++) {
            names.add(attentionNorm(block));
            names.add(feedForwardNorm(block));
            for (Linear linear : Linear.values()) {
                if (config.hasBias(linear)) {
                    names.add(bias(block, linear));
                }
            }
        }
        names.add(FINAL_NORM);
        if (!config.tiedHead()) {
            names.add(HEAD);
        }
        return names;
    }

    /** Gain of the norm before attention. */
    public static String attentionNorm(int block) {
        return "model.layers.%d.input_layernorm.weight".formatted(block);
    }

    /** Gain of the norm before the feed-forward part. */
    public static String feedForwardNorm(int block) {
        return "model.layers.%d.post_attention_layernorm.weight".formatted(block);
    }
}
