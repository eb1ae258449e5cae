package io.blocksmith.export;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.LlamaWeights;
import java.nio.file.Path;

/** Opens any model folder that can be run: full precision, dequantized, or GPTQ. */
public final class ModelFolders {
    private ModelFolders() {}

    /** The weights of {@code folder}, by {@code quantization_config} of its config.json; others are USER errors. */
    public static LlamaWeights open(Path folder) {
        ConfigFile.read(folder);
        JsonNode quantization = ModelFiles.config(folder).path("quantization_config");
        if (quantization.isMissingNode() || quantization.isNull()) {
            return CheckpointWeights.open(folder);
        }
        String method = quantization.path("quant_method").asText("(none)");
        if (!method.equals("gptq")) {
            throw BlocksmithException.user(
                    "%s: quantization_config.quant_method %s is not supported; supported: gptq, or no quantization",
                    folder.resolve(ConfigFile.NAME), method);
        }
        return GptqWeights.open(folder);
    }
}
