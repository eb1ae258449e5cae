package io.blocksmith.cli;

import io.blocksmith.bench.BlockBench;
import io.blocksmith.config.Settings;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.spec.Numerics;
import io.blocksmith.tensor.Compute;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measurements of this machine. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures this machine.",
        subcommands = {BenchCommand.Block.class, BenchOrchestrationCommand.class})
final class BenchCommand {

    /** A Block-AP step against the plain matrix product. */
    @Command(
            name = "block",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Seconds of a Block-AP step, and its rate against the process's own matrix product.")
    static final class Block implements Callable<Integer> {
        /** What decides how a step is computed; a bench has neither a model nor a text nor a run. */
        private static final List<String> TAKEN = List.of(
                "quantization",
                "block-ap.adam",
                "block-ap.final-learning-rate-factor",
                "block-ap.learning-rates",
                "block-ap.train",
                "numerics",
                "compute");

        @Option(names = "--shape", paramLabel = "NAME", description = "A known model shape; default: smollm2-135m.")
        private String shape = "smollm2-135m";

        @Option(names = "--batch", paramLabel = "N", description = "Windows a step; default: 2.")
        private int batch = 2;

        @Option(names = "--length", paramLabel = "N", description = "Tokens in a window; default: 512.")
        private int length = 512;

        @Option(names = "--rounds", paramLabel = "N", description = "Rounds; default: 5.")
        private int rounds = 5;

        @Option(names = "--steps", paramLabel = "N", description = "Steps a round; default: 20.")
        private int steps = 20;

        @Mixin
        private RecipeOptions recipe = new RecipeOptions();

        @Option(names = "--json", description = "Answer on stdout as JSON.")
        private boolean json;

        @Override
        public Integer call() {
            Settings settings = recipe.load("bench block", TAKEN);
            LlamaConfig config = ModelShapes.named(shape);
            try (Compute compute =
                    Compute.open(settings.compute().device(), settings.compute().threads())) {
                BlockBench bench = new BlockBench(
                        config,
                        settings.recipe().quantization(),
                        settings.recipe().blockAp(),
                        settings.recipe().numerics(),
                        batch,
                        length,
                        System::nanoTime);
                BlockBench.Result result = bench.run(rounds, steps, compute.manager());
                if (json) {
                    System.out.println(Json.write(tree(
                            result, compute.fingerprint(), settings.recipe().numerics())));
                } else {
                    print(result, compute.fingerprint(), settings.recipe().numerics());
                }
            }
            return 0;
        }

        private void print(BlockBench.Result result, String device, Numerics numerics) {
            System.out.printf(
                    Locale.ROOT,
                    "%s, batch %d x %d, %s, %s: %.1f GFLOP a step%n",
                    shape,
                    batch,
                    length,
                    device,
                    numerics.name().toLowerCase(Locale.ROOT),
                    result.operations() / 1e9);
            System.out.println("round   step ms   GFLOP/s   matrix product GFLOP/s   ratio");
            List<BlockBench.Round> all = result.rounds();
            for (int i = 0; i < all.size(); i++) {
                BlockBench.Round round = all.get(i);
                System.out.printf(
                        Locale.ROOT,
                        "%5d %9.1f %9.1f %24.1f %6.1f%%%n",
                        i + 1,
                        1e3 * round.stepSeconds(),
                        round.stepRate() / 1e9,
                        round.productRate() / 1e9,
                        100 * round.ratio());
            }
            System.out.printf(
                    Locale.ROOT,
                    "median ratio %.1f%%, peak resident memory %s%n",
                    100 * result.median().ratio(),
                    Text.bytes(result.peakBytes()));
        }

        private Map<String, Object> tree(BlockBench.Result result, String device, Numerics numerics) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("shape", shape);
            tree.put("batch", batch);
            tree.put("length", length);
            tree.put("device", device);
            tree.put("numerics", numerics.name().toLowerCase(Locale.ROOT));
            tree.put("operations", result.operations());
            tree.put("rounds", result.rounds());
            tree.put("medianRatio", result.median().ratio());
            tree.put("medianStepSeconds", result.median().stepSeconds());
            tree.put("peakBytes", result.peakBytes());
            return tree;
        }
    }
}
