package io.blocksmith.export;

import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;

/**
 * What {@code quantization_config} of a GPTQ folder says.
 *
 * @param bits 2, 3, 4 or 8
 * @param groupSize columns in a group, or -1 for one group a row
 * @param symmetric whether every zero point is {@code 2^(bits-1)}
 * @param offByOne whether zero points are stored as {@code z - 1} (version 1)
 */
public record GptqSettings(int bits, int groupSize, boolean symmetric, boolean offByOne) {
    /** The settings of {@code folder}; whatever this decoder cannot read exactly is a USER error naming the key. */
    static GptqSettings read(Path folder) {
        Path file = folder.resolve(ConfigFile.NAME);
        JsonNode root = ModelFiles.config(folder).path("quantization_config");
        require(
                file,
                root,
                "quant_method",
                "gptq".equals(root.path("quant_method").asText()),
                "gptq");
        int bits = root.path("bits").asInt();
        require(file, root, "bits", bits == 2 || bits == 3 || bits == 4 || bits == 8, "2, 3, 4 or 8");
        int groupSize = root.path("group_size").asInt();
        require(file, root, "group_size", groupSize == Quantization.WHOLE_ROW || groupSize > 0, "-1 or above 0");
        require(file, root, "lm_head", !root.path("lm_head").asBoolean(false), "false; packed heads are not read");
        require(file, root, "dynamic", root.path("dynamic").isEmpty(), "nothing; one grid for all linears is read");
        require(
                file,
                root,
                "pack_dtype",
                root.path("pack_dtype").asText("int32").equals("int32"),
                "int32");
        String key = root.hasNonNull("checkpoint_format") ? "checkpoint_format" : "format";
        String version = root.path(key).asText("gptq");
        require(file, root, key, version.equals("gptq") || version.equals("gptq_v2"), "gptq or gptq_v2");
        return new GptqSettings(bits, groupSize, root.path("sym").asBoolean(true), version.equals("gptq"));
    }

    private static void require(Path file, JsonNode root, String key, boolean holds, String expected) {
        if (!holds) {
            throw BlocksmithException.user(
                    "%s: quantization_config.%s = %s: expected %s", file, key, root.path(key), expected);
        }
    }

    /** Columns of a group in a row of {@code columns}. */
    long groupColumns(long columns) {
        return groupSize == Quantization.WHOLE_ROW ? columns : groupSize;
    }
}
