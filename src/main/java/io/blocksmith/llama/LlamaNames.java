package io.blocksmith.llama;

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

    /** Gain of the norm before attention. */
    public static String attentionNorm(int block) {
        return "model.layers.%d.input_layernorm.weight".formatted(block);
    }

    /** Gain of the norm before the feed-forward part. */
    public static String feedForwardNorm(int block) {
        return "model.layers.%d.post_attention_layernorm.weight".formatted(block);
    }
}
