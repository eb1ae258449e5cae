package io.blocksmith.spec;

import java.util.Locale;

/** A model folder that a run writes at its end. */
public enum ExportFormat {
    /** Packed codes as GPTQModel, transformers, vLLM and SGLang read them. */
    GPTQ,
    /** Plain safetensors of the dequantized weights; any Llama loader reads it. */
    DEQUANTIZED;

    /** Name of the folder below {@code RUN/export} and in recipes. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
