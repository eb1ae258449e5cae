package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.RunState;
import io.blocksmith.run.StageRunner;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.stage.RunModel;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.SpecFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job: model and calibration text in, run folder with exports and report out. */
@Command(
        name = "quantize",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Quantizes a model: Block-AP, then E2E-QP, then exports and a report.",
            "On an existing run folder it goes on after the last committed stage; there --out alone is enough."
        })
final class QuantizeCommand implements Callable<Integer> {
    @Option(names = "--model", paramLabel = "DIR", description = "Hugging Face folder with safetensors.")
    private Path model;

    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            description = "Text to train on: .jsonl with a text field, .txt, or .ids with token ids.")
    private Path calibration;

    @Option(
            names = "--evaluation",
            paramLabel = "FILE",
            description = "Text to measure perplexities on; without it, the calibration's validation windows.")
    private Path evaluation;

    @Option(names = "--out", paramLabel = "RUN", required = true, description = "Run folder, new or to go on with.")
    private Path out;

    @Mixin
    private RecipeOptions recipe = new RecipeOptions();

    @Mixin
    private ServingOptions serving = new ServingOptions();

    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(
            names = "--takeover",
            description = "Go on although the run's holder on another machine has not released it, once it was silent"
                    + " for patience.lease.")
    private boolean takeover;

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    private final UnaryOperator<StageRunner> aroundStages;

    QuantizeCommand() {
        this(UnaryOperator.identity());
    }

    /** The command for tests that want to know what happens in its stages. */
    QuantizeCommand(UnaryOperator<StageRunner> aroundStages) {
        this.aroundStages = aroundStages;
    }

    @Override
    public Integer call() {
        Path folder = LocalRun.folder(out);
        boolean resumed = RunModel.isRun(folder);
        if (!resumed && (model == null || calibration == null)) {
            throw BlocksmithException.user(
                    "%s is no run folder yet: a new run needs --model and --calibration", folder);
        }
        RunInputs inputs = resumed ? inputsOf(folder) : given(new RunInputs("", "", ""));
        RunState state = new EmbeddedQuantization(
                        inputs, api.over(settings(folder, resumed)), folder, takeover, aroundStages)
                .run();
        new RunSummary(folder, state).print(System.out, json);
        return 0;
    }

    /** The recorded inputs, with those given now in their place. */
    private RunInputs inputsOf(Path folder) {
        return given(SpecFile.read(DirectoryStore.open(folder)).operations(RunInputs.class));
    }

    private RunInputs given(RunInputs recorded) {
        return new RunInputs(
                given(model, recorded.model()),
                given(calibration, recorded.calibration()),
                given(evaluation, recorded.evaluation()));
    }

    private static String given(Path now, String recorded) {
        return Optional.ofNullable(now)
                .map(path -> path.toAbsolutePath().normalize().toString())
                .orElse(recorded);
    }

    /** A resumed run keeps its recipe unless one is given again, which must then be the same. */
    private Settings settings(Path folder, boolean resumed) {
        recipe.requireNone("quantize", "run", "cluster.host", "cluster.port", "cluster.seeds", "cluster.runs", "s3");
        Settings settings = recipe.load(serving.flags());
        if (!resumed || recipe.givesRecipe()) {
            return settings;
        }
        return settings.with(RunModel.recipe(folder));
    }
}
