package io.blocksmith.cli;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValueFactory;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.run.Fleet;
import io.blocksmith.simulate.SimulatedCluster;
import io.blocksmith.simulate.SimulationReport;
import io.blocksmith.simulate.StageCosts;
import io.blocksmith.simulate.Sweep;
import io.blocksmith.simulate.Sweep.Scenario;
import io.blocksmith.spec.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How long a run would take on a cluster that nobody has to own. */
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Plays runs on simulated clusters: the real scheduling decisions in virtual time, nothing is trained.",
            "Durations are like 90s, 5m or 4h, or none. Options marked (list) take several values, with commas; the"
                    + " table has a row for each combination."
        })
final class SimulateCommand implements Callable<Integer> {
    private static final double GIGA = 1e9;
    private static final double TERA = 1e12;
    private static final long TELL_EVERY_NANOS = 1_000_000_000;
    private static final int MOST_RUNS = 100_000;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "Model folder, or the name of a known shape, e.g. llama-2-70b.")
    private String model;

    @Option(
            names = "--step-seconds",
            paramLabel = "SECONDS",
            description = "Seconds of one Block-AP optimizer step of one block on one node; see bench block.")
    private Double stepSeconds;

    @Option(
            names = "--device-flops",
            paramLabel = "TFLOPS",
            description = "Instead of --step-seconds: sustained rate of one node, in 10^12 operations a second.")
    private Double deviceFlops;

    @Option(names = "--nodes", split = ",", paramLabel = "N", description = "Workers (list); default: 1.")
    private List<Integer> nodes = List.of(1);

    @Option(
            names = "--segments",
            split = ",",
            paramLabel = "N",
            description = "block-ap.segments (list); auto, the default, is one for each node.")
    private List<String> segments = List.of("auto");

    @Option(
            names = "--checkpoint-interval",
            split = ",",
            paramLabel = "TIME",
            description = "checkpoint.interval (list); default: that of the recipe.")
    private List<String> intervals = List.of();

    @Option(names = "--mtbf", paramLabel = "TIME", description = "Mean time between failures of a node; default: none.")
    private String mtbf = "none";

    @Option(
            names = "--coordinator-mtbf",
            paramLabel = "TIME",
            description = "The same for the node that supervises; default: none.")
    private String coordinatorMtbf = "none";

    @Option(names = "--restart", paramLabel = "TIME", description = "Until a failed node is back; default: 5m.")
    private String restart = "5m";

    @Option(names = "--detection", paramLabel = "TIME", description = "Until a failed node is missed; default: 15s.")
    private String detection = "15s";

    @Option(names = "--takeover", paramLabel = "TIME", description = "Until another supervisor holds; default: 15s.")
    private String takeover = "15s";

    @Option(
            names = "--store-bandwidth",
            paramLabel = "GB/S",
            description = "Of each node to and from the store, 10^9 bytes a second, or Infinity; default: 2.")
    private double storeBandwidth = 2;

    @Option(
            names = "--local-bandwidth",
            paramLabel = "GB/S",
            description = "At which a checkpoint leaves the device for a local file; default: 2.")
    private double localBandwidth = 2;

    @Option(
            names = "--trials",
            paramLabel = "N",
            description = "Runs of each row, of other seeds; default: 5, and 1 when nothing fails.")
    private int trials = 5;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the first trial's failures; default: 1.")
    private long seed = 1;

    @Mixin
    private RecipeOptions recipe = new RecipeOptions();

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    private static final List<String> TAKEN = Stream.concat(
                    RecipeOptions.RECIPE.stream(), Stream.of("checkpoint", "patience", "cluster", "compute"))
            .toList();

    @Override
    public Integer call() {
        Settings settings = recipe.load("simulate", TAKEN);
        LlamaConfig config = shape();
        double rate = rate(config, settings.recipe());
        Sweep sweep = sweep(settings, config, rate);
        if (trials < 1 || sweep.runs() > MOST_RUNS) {
            throw BlocksmithException.user(
                    "--trials %d for %d rows: expected at least 1, and at most %d runs in all",
                    trials, sweep.scenarios().size(), MOST_RUNS);
        }
        SimulationReport report = new SimulationReport(sweep, source(rate), sweep.play(progress(sweep.runs())));
        System.out.println(json ? Json.write(report.json()) : report.text());
        return 0;
    }

    private LlamaConfig shape() {
        if (!Files.exists(Path.of(model))) {
            return ModelShapes.named(model);
        }
        try (CheckpointWeights weights = CheckpointWeights.open(Path.of(model))) {
            return weights.config();
        }
    }

    private double rate(LlamaConfig config, Recipe recipe) {
        if ((stepSeconds == null) == (deviceFlops == null)) {
            throw BlocksmithException.user(
                    "give one of --step-seconds (a measured Block-AP step) and --device-flops (a sustained rate)");
        }
        double rate = stepSeconds == null ? deviceFlops * TERA : StageCosts.rate(config, recipe, stepSeconds);
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw BlocksmithException.user(
                    "%s: expected a number above 0",
                    stepSeconds == null ? "--device-flops " + deviceFlops : "--step-seconds " + stepSeconds);
        }
        return rate;
    }

    private String source(double rate) {
        String operations = String.format(Locale.ROOT, "%.4g TFLOP/s", rate / TERA);
        return stepSeconds == null
                ? "Rate: --device-flops, %s on each node.".formatted(operations)
                : "Rate: --step-seconds %s for a Block-AP step, which is %s on each node."
                        .formatted(stepSeconds, operations);
    }

    private Sweep sweep(Settings settings, LlamaConfig config, double rate) {
        double store = bytesPerSecond("--store-bandwidth", storeBandwidth);
        double local = bytesPerSecond("--local-bandwidth", localBandwidth);
        List<Double> saves = intervals.isEmpty()
                ? List.of(settings.checkpoint().interval().toNanos() / GIGA)
                : intervals.stream()
                        .map(text -> seconds("--checkpoint-interval", text))
                        .toList();
        List<Scenario> scenarios = new ArrayList<>();
        for (int count : nodes) {
            for (String cut : segments) {
                for (double save : saves) {
                    SimulatedCluster cluster = new SimulatedCluster(
                            count,
                            store,
                            local,
                            save,
                            seconds("--restart", restart),
                            seconds("--detection", detection),
                            seconds("--takeover", takeover));
                    scenarios.add(new Scenario(segments(cut, count, config.blocks()), cluster));
                }
            }
        }
        Settings.Patience patience = settings.patience();
        double nodeMean = seconds("--mtbf", mtbf);
        double coordinatorMean = seconds("--coordinator-mtbf", coordinatorMtbf);
        // Runs in which nothing fails are all the same.
        boolean same = Double.isInfinite(nodeMean) && Double.isInfinite(coordinatorMean);
        return new Sweep(
                config,
                settings.recipe(),
                rate,
                scenarios,
                new Sweep.Patience(
                        patience.tries(),
                        patience.lostWorkers(),
                        new Fleet.Limits(patience.lease(), patience.quarantineFaults(), patience.quarantineWindow())),
                nodeMean,
                coordinatorMean,
                same ? Math.min(1, trials) : trials,
                seed);
    }

    private static int segments(String text, int nodes, int blocks) {
        if (text.equals("auto")) {
            return Math.min(nodes, blocks);
        }
        if (!text.matches("[0-9]{1,6}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > blocks) {
            throw BlocksmithException.user("--segments %s: expected auto, or 1 to %d", text, blocks);
        }
        return Integer.parseInt(text);
    }

    private static double bytesPerSecond(String option, double gigabytes) {
        if (!(gigabytes > 0)) {
            throw BlocksmithException.user(
                    "%s %s: expected a number above 0, in 10^9 bytes a second, or Infinity", option, gigabytes);
        }
        return gigabytes * GIGA;
    }

    private static double seconds(String option, String text) {
        if (text.equals("none")) {
            return Double.POSITIVE_INFINITY;
        }
        try {
            // A number without a unit would be taken for milliseconds.
            double seconds = text.matches("[0-9].*[a-z]")
                    ? ConfigValueFactory.fromAnyRef(text)
                                    .atKey("time")
                                    .getDuration("time")
                                    .toNanos()
                            / GIGA
                    : 0;
            if (seconds > 0) {
                return seconds;
            }
        } catch (ConfigException e) {
            throw new BlocksmithException(Category.USER, wrongTime(option, text), e);
        }
        throw BlocksmithException.user("%s", wrongTime(option, text));
    }

    private static String wrongTime(String option, String text) {
        return "%s %s: expected a duration above 0 like 90s, 5m or 4h, or none".formatted(option, text);
    }

    /** A line a second, from the first second on. */
    private static IntConsumer progress(long runs) {
        AtomicLong told = new AtomicLong(System.nanoTime());
        return played -> {
            long now = System.nanoTime();
            long last = told.get();
            if (now - last >= TELL_EVERY_NANOS && told.compareAndSet(last, now)) {
                System.err.printf(Locale.ROOT, "%d of %d runs played%n", played, runs);
            }
        };
    }
}
