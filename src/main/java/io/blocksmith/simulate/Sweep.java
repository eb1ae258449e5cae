package io.blocksmith.simulate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Fleet;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Recipe;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Several runs on several clusters, each several times under other failures.
 *
 * @param config the model's shape
 * @param recipe of all runs, but for its segments
 * @param rate floating-point operations a second of one node
 * @param scenarios what differs
 * @param patience what the supervisors bear
 * @param mtbf mean seconds between the failures of one node; infinite for never
 * @param coordinatorMtbf the same for the supervisor's node
 * @param trials of each scenario, with the seeds {@code seed}, {@code seed + 1}, ...
 */
public record Sweep(
        LlamaConfig config,
        Recipe recipe,
        double rate,
        List<Scenario> scenarios,
        Patience patience,
        double mtbf,
        double coordinatorMtbf,
        int trials,
        long seed) {
    public Sweep {
        scenarios = List.copyOf(scenarios);
    }

    /** One cluster, and the segments of the run on it. */
    public record Scenario(int segments, SimulatedCluster cluster) {}

    /**
     * What a supervisor bears before it gives up.
     *
     * @param tries failures of one stage
     * @param lostWorkers of one stage in a row, without progress
     */
    public record Patience(int tries, int lostWorkers, Fleet.Limits limits) {}

    /**
     * What became of one scenario.
     *
     * @param trials the fastest first; those that did not complete last
     */
    public record Row(Scenario scenario, List<RunFigures> trials) {
        public Row {
            trials = trials.stream()
                    .sorted(Comparator.comparing((RunFigures figures) -> !figures.completed())
                            .thenComparing(RunFigures::seconds))
                    .toList();
        }

        /** The trial in the middle; of an even number the slower one. */
        public RunFigures median() {
            return trials.get(trials.size() / 2);
        }

        public RunFigures worst() {
            return trials.getLast();
        }

        public long completed() {
            return trials.stream().filter(RunFigures::completed).count();
        }
    }

    /** Runs to be played. */
    public long runs() {
        return (long) scenarios.size() * trials;
    }

    /**
     * Plays all, on all cores.
     *
     * @param played told how many runs have been played, from any thread
     */
    public List<Row> play(IntConsumer played) {
        AtomicInteger count = new AtomicInteger();
        List<RunFigures> figures = IntStream.range(0, Math.toIntExact(runs()))
                .parallel()
                .mapToObj(index -> {
                    RunFigures one = play(scenarios.get(index / trials), seed + index % trials);
                    played.accept(count.incrementAndGet());
                    return one;
                })
                .toList();
        List<Row> rows = new ArrayList<>();
        for (int index = 0; index < scenarios.size(); index++) {
            rows.add(new Row(scenarios.get(index), figures.subList(index * trials, (index + 1) * trials)));
        }
        return rows;
    }

    private RunFigures play(Scenario scenario, long trialSeed) {
        Recipe segmented = inSegments(scenario.segments());
        return new Simulation(
                        new StageCosts(config, segmented, rate),
                        scenario.cluster(),
                        FailurePolicy.of(segmented, patience.tries(), patience.lostWorkers()),
                        patience.limits(),
                        Failures.exponential(mtbf, coordinatorMtbf, trialSeed))
                .run();
    }

    private Recipe inSegments(int segments) {
        BlockAp blockAp = recipe.blockAp();
        return new Recipe(
                recipe.quantization(),
                recipe.calibration(),
                new BlockAp(
                        blockAp.epochs(),
                        blockAp.batchSize(),
                        blockAp.learningRates(),
                        blockAp.finalLearningRateFactor(),
                        blockAp.adam(),
                        blockAp.train(),
                        blockAp.keepBest(),
                        segments,
                        blockAp.repair()),
                recipe.endToEnd(),
                recipe.evaluation(),
                recipe.exports(),
                recipe.numerics(),
                recipe.seed());
    }
}
