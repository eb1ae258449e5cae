package io.blocksmith.cli;

import io.blocksmith.cli.OrchestrationBench.Round;
import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.demo.ModelFolder;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.tensor.Compute;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A run against the bare training loop of the same work. */
@Command(
        name = "orchestration",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "What actors, ledger, checkpoints and files cost: the block stages of a run against the bare training loop",
            "of the same work, in turns, on random weights of a known shape."
        })
final class BenchOrchestrationCommand implements Callable<Integer> {
    private static final int VOCABULARY = 512;

    /** Small enough for a minute; a block of a real run is a hundred times as long, and its overhead is not. */
    private static final List<String> RECIPE = List.of(
            "quantization.bits = 2",
            "quantization.group-size = 64",
            "calibration.sequence-length = 256",
            "calibration.train-samples = 64",
            "calibration.validation-samples = 8",
            "end-to-end.samples = 1",
            "end-to-end.validation-samples = 1",
            "end-to-end.sequence-length = 16");

    @Option(names = "--shape", paramLabel = "NAME", description = "A known model shape; default: smollm2-135m.")
    private String shape = "smollm2-135m";

    @Option(names = "--blocks", paramLabel = "N", description = "Blocks of the model; default: 2.")
    private int blocks = 2;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds after one that warms up; default: 5.")
    private int rounds = 5;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "One key of the recipe; repeatable.")
    private List<String> assignments = new ArrayList<>();

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Settings settings = SettingsLoader.load(
                Optional.empty(),
                Stream.concat(RECIPE.stream(), assignments.stream()).toList(),
                Map.of());
        Path folder = null;
        try (Compute compute =
                Compute.open(settings.compute().device(), settings.compute().threads())) {
            folder = Files.createTempDirectory(Path.of("").toAbsolutePath(), "bench-orchestration-");
            OrchestrationBench bench = new OrchestrationBench(inputs(folder, settings.recipe()), settings, compute);
            List<Round> measured = new ArrayList<>();
            for (int round = 0; round <= rounds; round++) {
                Round result = bench.round(folder.resolve("run-" + round), round % 2 == 0);
                if (round > 0) {
                    measured.add(result);
                    if (!json) {
                        print(round, result);
                    }
                }
            }
            double wall = median(measured, Round::wallRatio);
            double cpu = median(measured, Round::cpuRatio);
            if (json) {
                System.out.println(Json.write(tree(measured, wall, cpu, compute.fingerprint())));
            } else {
                System.out.printf(Locale.ROOT, "median ratio %.4f by the clock, %.4f of processor time%n", wall, cpu);
            }
            return 0;
        } catch (IOException | UncheckedIOException e) {
            throw BlocksmithException.environment(e, "%s: %s", folder, Reason.of(e));
        } finally {
            delete(folder);
        }
    }

    private RunInputs inputs(Path folder, Recipe recipe) throws IOException {
        LlamaConfig known = ModelShapes.named(shape);
        LlamaConfig config = known.withSize(blocks, VOCABULARY);
        Path model = folder.resolve("model");
        ModelFolder.writeRandom(model, config, 1);
        var calibration = recipe.calibration();
        long tokens = (long) (calibration.trainSamples() + calibration.validationSamples() + 1)
                * Math.max(calibration.sequenceLength(), recipe.endToEnd().sequenceLength());
        Path text = folder.resolve("random.ids");
        Files.writeString(
                text,
                new SplittableRandom(2)
                        .ints(tokens, 0, VOCABULARY)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" ")));
        return new RunInputs(model.toString(), text.toString(), "");
    }

    private static void print(int round, Round result) {
        if (round == 1) {
            System.out.println("round   bare s    run s    ratio   bare CPU s   run CPU s    ratio");
        }
        System.out.printf(
                Locale.ROOT,
                "%5d %8.2f %8.2f %8.4f %12.2f %11.2f %8.4f%n",
                round,
                result.bare().wallSeconds(),
                result.run().wallSeconds(),
                result.wallRatio(),
                result.bare().cpuSeconds(),
                result.run().cpuSeconds(),
                result.cpuRatio());
    }

    private Map<String, Object> tree(List<Round> measured, double wall, double cpu, String device) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("shape", shape);
        tree.put("blocks", blocks);
        tree.put("device", device);
        tree.put("rounds", measured);
        tree.put("medianRatio", wall);
        tree.put("medianCpuRatio", cpu);
        return tree;
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> ratio) {
        double[] sorted = rounds.stream().mapToDouble(ratio).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static void delete(Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            System.err.printf("%s: cannot be removed: %s%n", folder, Reason.of(e));
        }
    }
}
