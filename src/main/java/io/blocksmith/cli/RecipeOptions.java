package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.failure.BlocksmithException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that make a recipe. */
final class RecipeOptions {
    /** The keys of a recipe. */
    static final List<String> RECIPE = List.of(
            "quantization", "calibration", "block-ap", "end-to-end", "evaluation", "exports", "numerics", "seed");

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

    /**
     * The settings of a command that has a use for some keys only.
     *
     * @param taken those keys, or the sections that hold them
     * @throws BlocksmithException USER, naming the first other key that was assigned: it would change nothing
     */
    Settings load(String command, List<String> taken) {
        for (String assignment : assignments) {
            String key = assignment.split("=", 2)[0].strip();
            if (taken.stream().noneMatch(use -> key.equals(use) || key.startsWith(use + "."))) {
                // A key that does not exist at all is told as such.
                SettingsLoader.load(Optional.empty(), List.of(assignment), Map.of());
                throw BlocksmithException.user(
                        "%s: --set %s has no effect on what this command does; keys that have: %s",
                        command, assignment, String.join(", ", taken));
            }
        }
        return load(Map.of());
    }

    /** Refuses an assignment of one of {@code useless}, keys or sections that {@code command} has no use for. */
    void requireNone(String command, String... useless) {
        for (String assignment : assignments) {
            String key = assignment.split("=", 2)[0].strip();
            for (String section : useless) {
                if (key.equals(section) || key.startsWith(section + ".")) {
                    throw BlocksmithException.user(
                            "%s: --set %s has no effect on what this command does: it belongs to a cluster's node or to"
                                    + " submit",
                            command, assignment);
                }
            }
        }
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
