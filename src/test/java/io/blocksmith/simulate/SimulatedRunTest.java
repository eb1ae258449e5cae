package io.blocksmith.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Plans;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Simulated runs against what can be computed by hand. Block-AP takes 64 steps a block, E2E-QP 2 steps of 8 shards. */
class SimulatedRunTest {
    private static final LlamaConfig SHAPE = ModelShapes.named("smollm2-135m");
    /** A Block-AP step of the test's recipe takes a second. */
    private static final double RATE = StageCosts.rate(SHAPE, Plans.recipe(2, 1, 0), 1);

    private static final double NEVER = Double.POSITIVE_INFINITY;
    private static final double INTERVAL = 10;
    private static final double DETECTION = 15;

    private static StageCosts costs(int segments, int repairSamples) {
        return new StageCosts(SHAPE, Plans.recipe(2, segments, repairSamples), RATE);
    }

    private static SimulatedCluster cluster(int nodes, double bandwidth, double restart) {
        return new SimulatedCluster(nodes, bandwidth, bandwidth, INTERVAL, restart, DETECTION, 20);
    }

    private static Simulation simulation(StageCosts costs, SimulatedCluster cluster, Failures failures) {
        FailurePolicy policy = FailurePolicy.of(Plans.recipe(2, 1, 0), 3, 5);
        return new Simulation(costs, cluster, policy, Fleet.Limits.standard(), failures);
    }

    /** Node 0 stays up so long, one time after the other, then for ever; all else never fails. */
    private static Failures scripted(Map<Integer, List<Double>> upTimes, double coordinator) {
        Map<Integer, Deque<Double>> left = new HashMap<>();
        upTimes.forEach((node, times) -> left.put(node, new ArrayDeque<>(times)));
        Deque<Double> coordinators = new ArrayDeque<>(List.of(coordinator));
        return new Failures() {
            @Override
            public double node(int index) {
                Deque<Double> times = left.getOrDefault(index, new ArrayDeque<>());
                return times.isEmpty() ? NEVER : times.poll();
            }

            @Override
            public double coordinator() {
                return coordinators.isEmpty() ? NEVER : coordinators.poll();
            }
        };
    }

    private static Failures nodeFails(int node, double... upTimes) {
        return scripted(Map.of(node, Arrays.stream(upTimes).boxed().toList()), NEVER);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "3, 0", "3, 16"})
    void oneNodeWithoutAStoreTakesTheEstimatedWork(int segments, int repairSamples) {
        Recipe recipe = Plans.recipe(2, segments, repairSamples);
        RunEstimate estimate = RunEstimate.of(SHAPE, 2 * SHAPE.parameters(), TensorType.BF16, recipe);

        RunFigures figures = simulation(costs(segments, repairSamples), cluster(1, NEVER, 60), Failures.none())
                .run();

        assertThat(figures.completed()).isTrue();
        assertThat(figures.seconds()).isEqualTo(estimate.work().total() / RATE, within(1e-3));
        assertThat(figures.computingShare()).isEqualTo(1, within(1e-6));
        assertThat(figures.goodput()).isEqualTo(1);
        assertThat(figures.lostSteps()).isZero();
    }

    @Test
    void oneNodeWithAStoreTakesTheSumOfItsStages() {
        StageCosts costs = costs(1, 0);
        double bandwidth = 1e8;
        // Two saves of a block never meet: each is uploaded before the next is due.
        assertThat(costs.of(new TrainBlock(0)).checkpoint() / bandwidth).isLessThan(INTERVAL / 2);
        double expected = 0;
        double checkpoints = 0;
        for (Stage stage : costs.plan().stages()) {
            StageCost cost = costs.of(stage);
            double bytes = cost.readStates() + cost.readResults() + cost.writtenStates() + cost.writtenResults();
            expected += cost.computing() + bytes / bandwidth;
            double save = cost.checkpoint() / bandwidth;
            if (stage instanceof TrainBlock) {
                // Saves begin after steps 10, 20 and so on, as the blocking part counts to the interval: each stretch
                // from the start of a save to the next is the save and as many whole steps as reach the interval.
                double now = 0;
                double began = 0;
                long step = 0;
                double upload = 0;
                while (step < cost.steps()) {
                    now += cost.stepSeconds();
                    step++;
                    if (step < cost.steps() && now - began >= INTERVAL - 1e-9) {
                        began = now;
                        now += save;
                        upload = now + save;
                        checkpoints += cost.checkpoint();
                    }
                }
                expected += now - cost.steps() * cost.stepSeconds() + Math.max(0, upload - now);
            } else if (stage instanceof EndToEnd) {
                // Two steps, each longer than the interval: one save between them.
                assertThat(cost.steps()).isEqualTo(2);
                assertThat(cost.stepSeconds()).isGreaterThan(INTERVAL);
                expected += save;
                checkpoints += cost.checkpoint();
            }
        }

        RunFigures figures =
                simulation(costs, cluster(1, bandwidth, 60), Failures.none()).run();

        assertThat(figures.seconds()).isEqualTo(expected, within(1e-3));
        assertThat(figures.traffic().get(Traffic.CHECKPOINTS)).isEqualTo(checkpoints, within(1.0));
        assertThat(figures.traffic().get(Traffic.EXCHANGE)).isZero();
    }

    @Test
    void twoNodesTrainTwoSegmentsSideBySide() {
        StageCosts costs = costs(2, 0);
        // Both halves of the samples pass the first segment at once, then both segments are trained at once.
        double capture = costs.of(new Stage.Capture(1, 0)).computing();
        double segment = 0;
        for (int block = 15; block < 30; block++) {
            segment += costs.of(new TrainBlock(block)).computing();
        }
        double evaluation = costs.of(new Stage.Evaluate(Stage.Subject.BLOCK_AP)).computing();
        SharedStep step = costs.sharedStep();
        // The other node evaluates three models first. The step that is under way then is not shared any more.
        assertThat(3 * evaluation).isLessThan(step.alone());
        double endToEnd = step.alone() + 4 * step.shardSeconds() + step.validation();

        RunFigures figures =
                simulation(costs, cluster(2, NEVER, 60), Failures.none()).run();

        assertThat(figures.blockSeconds()).isEqualTo(capture + segment, within(1e-3));
        assertThat(figures.endToEndSeconds()).isEqualTo(endToEnd, within(1e-3));
    }

    @Test
    void aFailureCostsTheWorkSinceTheLastCheckpointAndTheReturn() {
        StageCosts costs = costs(1, 0);
        StageCost block = costs.of(new TrainBlock(0));
        double undisturbed =
                simulation(costs, cluster(1, NEVER, 60), Failures.none()).run().seconds();
        // Checkpoints after every tenth step, which takes a little more than a second with its share of validations.
        double failure = block.before() + 37.5 * block.stepSeconds();

        RunFigures figures =
                simulation(costs, cluster(1, NEVER, 60), nodeFails(0, failure)).run();

        assertThat(figures.failures()).isEqualTo(1);
        assertThat(figures.lostSteps()).isEqualTo(7);
        double lost = block.before() + 7.5 * block.stepSeconds();
        assertThat(figures.lostComputing()).isEqualTo(lost, within(1e-3));
        assertThat(figures.down()).isEqualTo(60, within(1e-6));
        assertThat(figures.seconds()).isEqualTo(undisturbed + lost + 60, within(1e-3));
    }

    @Test
    void anotherNodeGoesOnOnceTheFailureIsNoticed() {
        StageCosts costs = costs(1, 0);
        RunFigures undisturbed =
                simulation(costs, cluster(2, NEVER, 600), Failures.none()).run();

        Simulation disturbed = simulation(costs, cluster(2, NEVER, 600), nodeFails(0, inBlockFive(costs, 37.5)));
        RunFigures figures = disturbed.run();

        assertThat(firstStart(disturbed.events(), new TrainBlock(5)).worker()).isEqualTo("worker-00001");
        StageCost block = costs.of(new TrainBlock(5));
        assertThat(figures.blockSeconds())
                .isEqualTo(
                        undisturbed.blockSeconds() + DETECTION + block.before() + 7.5 * block.stepSeconds(),
                        within(1e-3));
    }

    /** When so many steps of block 5 are done and the other node has evaluated the two models that need no training. */
    private static double inBlockFive(StageCosts costs, double steps) {
        double began = 0;
        for (int block = 0; block < 5; block++) {
            began += costs.of(new TrainBlock(block)).computing();
        }
        assertThat(began)
                .isGreaterThan(2
                        * costs.of(new Stage.Evaluate(Stage.Subject.FULL_PRECISION))
                                .computing());
        StageCost block = costs.of(new TrainBlock(5));
        return began + block.before() + steps * block.stepSeconds();
    }

    private static StageStarted firstStart(List<Event> events, Stage stage) {
        return events.stream()
                .filter(StageStarted.class::isInstance)
                .map(StageStarted.class::cast)
                .filter(started -> started.ticket().stage().equals(stage))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aSupervisorThatIsReplacedInTheMiddleOfABlockCostsNothing() {
        StageCosts costs = costs(1, 0);
        double undisturbed =
                simulation(costs, cluster(1, NEVER, 60), Failures.none()).run().seconds();
        double failure = costs.of(new TrainBlock(0)).before() + 20;

        RunFigures figures = simulation(costs, cluster(1, NEVER, 60), scripted(Map.of(), failure))
                .run();

        assertThat(figures.takeovers()).isEqualTo(1);
        assertThat(figures.lostSteps()).isZero();
        assertThat(figures.seconds()).isEqualTo(undisturbed, within(1e-3));
    }

    @Test
    void aWorkerLostWhileNobodySupervisesIsGivenUpAfterItsLease() {
        StageCosts costs = costs(1, 0);
        double failure = inBlockFive(costs, 35);
        Failures both = scripted(Map.of(0, List.of(failure)), failure - 1);

        Simulation simulation = simulation(costs, cluster(2, NEVER, 1000), both);
        RunFigures figures = simulation.run();

        RunFigures undisturbed =
                simulation(costs, cluster(2, NEVER, 1000), Failures.none()).run();
        // Taken over 20 s after the supervisor's end, that is 19 s after the worker's; its lease is a minute.
        StageCost block = costs.of(new TrainBlock(5));
        double lost = block.before() + 5 * block.stepSeconds();
        assertThat(figures.blockSeconds()).isEqualTo(undisturbed.blockSeconds() + 19 + 60 + lost, within(1e-3));
        assertThat(simulation.events().toString()).contains("was not heard of for 60 s");
    }

    @Test
    void aHelperThatVanishesCostsAWaitAndItsShare() {
        StageCosts costs = costs(2, 0);
        SharedStep step = costs.sharedStep();
        Simulation calm = simulation(costs, cluster(2, NEVER, 1e6), Failures.none());
        double begins = calm.run().blockSeconds();
        // The first step is not shared; in the second each has four of eight shards, and one is computed by then.
        double failure = begins + step.alone() + step.shardSeconds();

        RunFigures figures = simulation(costs, cluster(2, NEVER, 1e6), nodeFails(helper(calm), failure))
                .run();

        double done = step.shardSeconds() / step.leader(2, NEVER).total();
        double wait = Math.max(1, 3 * step.shardSeconds());
        assertThat(figures.endToEndSeconds())
                .isEqualTo(
                        step.alone()
                                + step.shardSeconds()
                                + wait
                                + done * 4 * step.shardSeconds()
                                + (1 - done) * step.alone(),
                        within(1e-3));
        assertThat(figures.lostComputing()).isEqualTo(done * 4 * step.shardSeconds(), within(1e-3));
    }

    private static int leader(Simulation played) {
        return firstStart(played.events(), new EndToEnd()).worker().equals("worker-00001") ? 0 : 1;
    }

    private static int helper(Simulation played) {
        return 1 - leader(played);
    }

    @Test
    void stepsThatWereSharedAreReadAfterTheLeadersEnd() {
        StageCosts costs = new StageCosts(SHAPE, Recipes.withEndToEndSamples(Plans.recipe(2, 2, 0), 512), RATE);
        SharedStep step = costs.sharedStep();
        Simulation calm = simulation(costs, rare(2), Failures.none());
        // In the middle of the fifth of 16 steps; the first was not shared, and the only checkpoint came after it.
        double failure = calm.run().blockSeconds()
                + step.alone()
                + 3.5 * step.leader(2, NEVER).total();

        RunFigures figures =
                simulation(costs, rare(2), nodeFails(leader(calm), failure)).run();

        assertThat(figures.failures()).isEqualTo(1);
        assertThat(figures.lostSteps()).as("whole steps computed again").isZero();
        assertThat(figures.lostComputing()).isEqualTo(0.5 * step.alone(), within(1e-3));
    }

    private static SimulatedCluster rare(int nodes) {
        return new SimulatedCluster(nodes, NEVER, NEVER, 1e9, 60, DETECTION, 20);
    }

    @Test
    void fiveWorkersLostWithoutProgressStopTheRun() {
        RunFigures figures = simulation(costs(1, 0), rare(1), nodeFails(0, 20, 20, 20, 20, 20))
                .run();

        assertThat(figures.completed()).isFalse();
        assertThat(figures.failures()).isEqualTo(5);
        assertThat(figures.ending())
                .contains("stopped: block-000 failed 5 times", "5 workers in a row without progress");
    }

    /** The other node was computing from the first moment to the last. */
    @Test
    void aRunThatStopsCountsWhatWasUnderWay() {
        RunFigures figures = simulation(costs(2, 0), rare(2), nodeFails(0, 20, 20, 20, 20, 20))
                .run();

        assertThat(figures.ending()).contains("stopped: ");
        assertThat(figures.computing()).isEqualTo(figures.seconds() + 5 * 20, within(1e-3));
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        Simulation one = simulation(costs(3, 16), cluster(3, 1e8, 60), Failures.exponential(500, 2000, 7));
        Simulation same = simulation(costs(3, 16), cluster(3, 1e8, 60), Failures.exponential(500, 2000, 7));
        Simulation other = simulation(costs(3, 16), cluster(3, 1e8, 60), Failures.exponential(500, 2000, 8));

        RunFigures figures = one.run();

        assertThat(figures.failures()).isPositive();
        assertThat(same.run()).isEqualTo(figures);
        assertThat(same.events()).isEqualTo(one.events());
        assertThat(other.run()).isNotEqualTo(figures);
    }

    @Test
    void moreOfAnythingIsNotSlower() {
        double one = seconds(costs(1, 0), cluster(1, 1e8, 60), Failures.none());
        double four = seconds(costs(4, 0), cluster(4, 1e8, 60), Failures.none());
        double eight = seconds(costs(8, 0), cluster(8, 1e8, 60), Failures.none());
        double fasterStore = seconds(costs(8, 0), cluster(8, 1e9, 60), Failures.none());
        double disturbed = seconds(costs(8, 0), cluster(8, 1e9, 60), Failures.exponential(400, NEVER, 1));

        assertThat(four).isLessThan(one).isGreaterThan(one / 4);
        assertThat(eight).isLessThan(four);
        assertThat(fasterStore).isLessThan(eight);
        assertThat(disturbed).isGreaterThan(fasterStore);
    }

    private static double seconds(StageCosts costs, SimulatedCluster cluster, Failures failures) {
        return simulation(costs, cluster, failures).run().seconds();
    }

    /** Hundreds of failures in small clusters; what the supervisors record is a run by all rules of the real one. */
    @Test
    void everyLedgerIsAcceptedByTheCore() {
        long completed = LongStream.range(0, 300)
                .parallel()
                .filter(SimulatedRunTest::isCompletedByTheRules)
                .count();

        assertThat(completed).isBetween(150L, 299L);
    }

    private static boolean isCompletedByTheRules(long seed) {
        int segments = 1 + (int) (seed % 4);
        StageCosts costs = costs(segments, seed % 3 == 0 ? 16 : 0);
        SimulatedCluster cluster = cluster(1 + (int) (seed % 5), 2e7, seed % 2 == 0 ? 8 : 90);
        Simulation simulation = simulation(costs, cluster, Failures.exponential(800, 1500, seed));

        RunFigures figures = simulation.run();

        RunState state = RunState.empty();
        for (Event event : simulation.events()) {
            if (event instanceof StageStarted started) {
                assertThat(costs.plan().prerequisites(started.ticket().stage())).allMatch(state::isCommitted);
            }
            state = state.after(event);
        }
        assertThat(state.phase()).isEqualTo(figures.completed() ? Phase.COMPLETED : Phase.STOPPED);
        assertThat(costs.plan().isDone(state)).isEqualTo(figures.completed());
        assertThat(figures.failures()).isPositive();
        assertThat(figures.computingShare() + figures.storingShare() + figures.downShare())
                .as("shares of seed %d", seed)
                .isLessThanOrEqualTo(1 + 1e-6);
        assertThat(figures.goodput()).isBetween(0.0, 1.0);
        if (figures.completed()) {
            double useful = costs.plan().stages().stream()
                    .mapToDouble(stage -> costs.of(stage).computing())
                    .sum();
            double kept = figures.computing() - figures.lostComputing();
            assertThat(kept).as("useful computing of seed %d", seed).isEqualTo(useful, within(1e-6 * useful));
        }
        return figures.completed();
    }
}
