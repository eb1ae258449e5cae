package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that make a recipe. */
final class RecipeOptions {
    /** Sections of settings that are not the recipe's. */
    private static final String OPERATIONAL = "compute|checkpoint|run|cluster|patience|s3|metrics|http|webhook|akka";

    @Option(names = "--bits", paramLabel = "N", description = "Width of a code: 2, 3, 4 or 8 (quantization.bits).")
    private Integer bits;

    @Option(
            names = "--group-size",
            paramLabel = "N",
            description = "Weights that share a step size; -1 = one group a row (quantization.group-size).")
    private Integer groupSize;

    @Option(names = "--config", paramLabel = "FILE", description = "Recipe in HOCON, over the defaults; see conf/.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One key of the recipe, over the file; repeatable, the last one counts.")
    private List<String> assignments = new ArrayList<>();

    /** Whether any key of the recipe was given; operational keys are not of it. */
    boolean givesRecipe() {
        return bits != null
                || groupSize != null
                || file != null
                || !assignments.stream()
                        .allMatch(assignment -> assignment.strip().matches("(" + OPERATIONAL + ")\\..*"));
    }

    Settings load() {
        return load(Map.of());
    }

    /** The settings; {@code more} are options of the command that are keys. */
    Settings load(Map<String, String> more) {
        Map<String, String> flags = new LinkedHashMap<>(more);
        if (bits != null) {
            flags.put("quantization.bits", bits.toString());
        }
        if (groupSize != null) {
            flags.put("quantization.group-size", groupSize.toString());
        }
        return SettingsLoader.load(Optional.ofNullable(file), assignments, flags);
    }
}
