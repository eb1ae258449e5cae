package io.blocksmith.cli;

import io.blocksmith.config.SettingsLoader;
import io.blocksmith.demo.DemoFiles;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.run.RunState;
import io.blocksmith.stage.RunInputs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job on the bundled model. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Quantizes the bundled small Llama to 2 bits: the main job in two minutes, without a download.")
final class DemoCommand implements Callable<Integer> {
    /** Learning rates for a model of a million parameters; the paper's are for billions. */
    private static final List<String> RECIPE = List.of(
            "quantization.bits = 2",
            "quantization.group-size = 64",
            "calibration.sequence-length = 128",
            "calibration.train-samples = 512",
            "calibration.validation-samples = 64",
            "calibration.order = file",
            "block-ap.learning-rates.weights = 1e-3",
            "block-ap.learning-rates.step-sizes = 1e-3",
            "block-ap.learning-rates.zero-points = 1e-3",
            "end-to-end.samples = 512",
            "end-to-end.sequence-length = 128",
            "end-to-end.learning-rates.step-sizes = 1e-3",
            "end-to-end.validate-every = 4",
            "evaluation.context = 128");

    @Option(names = "--out", paramLabel = "RUN", description = "Run folder; default: blocksmith-demo.")
    private Path out = Path.of("blocksmith-demo");

    @Mixin
    private ServingOptions serving = new ServingOptions();

    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Path folder = LocalRun.folder(out);
        Path inputs = folder.resolveSibling(folder.getFileName() + "-inputs");
        try {
            Files.createDirectories(inputs);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be made: %s", inputs, Reason.of(e));
        }
        DemoFiles files = DemoFiles.unpack(inputs);
        RunInputs run = new RunInputs(
                files.model().toString(),
                files.calibration().toString(),
                files.evaluation().toString());
        RunState state = new EmbeddedQuantization(
                        run, api.over(SettingsLoader.load(Optional.empty(), RECIPE, serving.flags())), folder, false)
                .run();
        new RunSummary(folder, state).print(System.out, json);
        return 0;
    }
}
