package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.estimate.InspectReport;
import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sizes and needs of a run before anything starts. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Tells a model's shape, its size after quantization, and what a run needs: memory, disk, FLOPs.")
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", description = "Model folder, or the name of a known shape, e.g. llama-2-70b.")
    private String model;

    @Mixin
    private RecipeOptions recipe = new RecipeOptions();

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Workers that train at once, for the disk; default: one for each of block-ap.segments.")
    private Integer workers;

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Settings settings = recipe.load("inspect", RecipeOptions.RECIPE);
        if (workers != null && workers < 1) {
            throw BlocksmithException.user("--workers %d: give at least 1", workers);
        }
        List<String> notices = new ArrayList<>();
        InspectReport report = Files.exists(Path.of(model)) ? ofFolder(settings, notices) : ofShape(settings);
        if (json) {
            Map<String, Object> answer = new LinkedHashMap<>(report.json());
            answer.put("notices", notices);
            System.out.println(Json.write(answer));
        } else {
            System.out.println(report.text());
            notices.forEach(notice -> System.out.println("note: " + notice));
        }
        return 0;
    }

    private InspectReport ofFolder(Settings settings, List<String> notices) {
        try (CheckpointWeights weights = CheckpointWeights.open(Path.of(model))) {
            notices.addAll(weights.notices());
            Checkpoint checkpoint = weights.checkpoint();
            TensorType stored = checkpoint.info(LlamaNames.EMBEDDING).type();
            return report(weights.config(), checkpoint.bytes(), stored, settings.recipe());
        }
    }

    /** A shape is taken to be stored in 16 bits, as released models are. */
    private InspectReport ofShape(Settings settings) {
        LlamaConfig config = ModelShapes.named(model);
        return report(config, 2 * config.parameters(), TensorType.BF16, settings.recipe());
    }

    private InspectReport report(LlamaConfig config, long checkpointBytes, TensorType stored, Recipe recipe) {
        int segments = recipe.blockAp().segments();
        int training = workers == null ? segments : Math.min(workers, segments);
        RunEstimate estimate = RunEstimate.of(config, checkpointBytes, stored, recipe, training);
        return InspectReport.of(model, config, recipe, estimate, training);
    }
}
