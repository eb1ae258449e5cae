package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.stage.ExchangedShards;
import io.blocksmith.stage.Figures;
import io.blocksmith.store.DirectoryStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However many workers share a run, and whenever they come, it exports the bytes that one process does. */
class ElasticTest {
    /** Nobody dies here: a busy machine must not look like a dead one. */
    private static final Map<String, String> PATIENT = Map.of(
            "akka.cluster.failure-detector.acceptable-heartbeat-pause", "30s",
            "patience.lease", "120s",
            "checkpoint.interval", "1s");

    /** Both are told often enough to be held at; whoever is held waits for the test. */
    private static final String FIRST_CAPTURE = "step capture-.*";

    private static final String AMID_BLOCK = "step block-[0-9]+ train step 3 saved .*";

    private static final String FIRST_STEP_END_TO_END = "step end-to-end train step 1 saved .*";

    /** The leader has put nothing of the steps behind it. */
    private static final int STEP = 4;

    private static final String LATER_STEP_END_TO_END = "step end-to-end train step %d saved .*".formatted(STEP);

    /** More than the leader of E2E-QP lets pass between two looks for helpers. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(1200);

    @TempDir
    static Path shared;

    private static TinyRecipe recipe;
    private static SortedMap<String, String> expected;

    @BeforeAll
    static void runUndisturbed() throws IOException, InterruptedException {
        recipe = TinyRecipe.in(
                shared, 6, 3, "end-to-end.batch-size=8", "end-to-end.gradient-shards=6", "end-to-end.epochs=8");
        expected = recipe.undisturbed();
    }

    @Test
    void oneTwoAndThreeWorkersExportTheBytesOfOneProcess(@TempDir Path folder) {
        try (TestCluster cluster = TestCluster.start(folder, 1, 1, PATIENT)) {
            run(cluster, "with-1", Set.of("worker-1"));
            cluster.addWorker("worker-2").start();
            run(cluster, "with-2", Set.of("worker-1", "worker-2"));
            cluster.addWorker("worker-3").start();
            run(cluster, "with-3", Set.of("worker-1", "worker-2", "worker-3"));
        }
    }

    /** Holds the run at its start, then each worker in a block, and the run again in E2E-QP until all share it. */
    private static void run(TestCluster cluster, String run, Set<String> workers) {
        Fault start = cluster.arm(FIRST_CAPTURE);
        cluster.submit(recipe.named(run));
        start.awaitHeld();
        awaitWorkers(cluster, run, workers);
        // Each is held in a block of its own: none can be so fast that another finds nothing to do.
        Fault amidBlock = cluster.armEach(AMID_BLOCK);
        start.release();
        amidBlock.awaitHeld(workers.size());
        Fault endToEnd = cluster.arm(FIRST_STEP_END_TO_END);
        amidBlock.release();
        endToEnd.awaitHeld();
        complete(cluster, run, endToEnd, workers.size() - 1);

        assertThat(trainers(cluster.events(run))).isEqualTo(workers);
        assertThat(helpers(cluster.events(run))).isEqualTo(workers.size() - 1);
        assertThat(TinyRecipe.exports(cluster.runs().resolve(run))).isEqualTo(expected);
    }

    @Test
    void workersThatJoinMidwayTakeTheirPartAndChangeNoByte(@TempDir Path folder) {
        String run = "joined";
        try (TestCluster cluster = TestCluster.start(folder, 1, 1, PATIENT)) {
            Fault amidBlock = cluster.arm("step block-[0-9]+ train step 3 saved .*");
            cluster.submit(recipe.named(run));
            amidBlock.awaitHeld();
            cluster.addWorker("worker-2").start();
            awaitWorkers(cluster, run, Set.of("worker-1", "worker-2"));
            Fault endToEnd = cluster.arm(FIRST_STEP_END_TO_END);
            amidBlock.release();
            endToEnd.awaitHeld();
            cluster.addWorker("worker-3").start();
            complete(cluster, run, endToEnd, 2);

            assertThat(trainers(cluster.events(run))).containsExactlyInAnyOrder("worker-1", "worker-2");
            assertThat(helpers(cluster.events(run))).isEqualTo(2);
            assertThat(TinyRecipe.exports(cluster.runs().resolve(run))).isEqualTo(expected);
        }
    }

    /** Goes on with E2E-QP, and holds it once more until every helper has put gradients; then to the run's end. */
    private static void complete(TestCluster cluster, String run, Fault endToEnd, int helpers) {
        long heldNanos = System.nanoTime();
        awaitHelpers(cluster, run, helpers);
        // It looked before its first step. Released sooner, it could be done before it looks again.
        Waits.until("the leader to look again", () -> System.nanoTime() - heldNanos > BETWEEN_LOOKS.toNanos());
        Fault shared = cluster.arm(LATER_STEP_END_TO_END);
        endToEnd.release();
        shared.awaitHeld();
        DirectoryStore store = DirectoryStore.open(cluster.runs().resolve(run));
        Waits.until(
                "gradients of %d helpers in run %s".formatted(helpers, run),
                () -> ExchangedShards.workers(store, STEP).size() == helpers);
        shared.disarm();
        shared.release();
        cluster.awaitCompleted(run);
    }

    /** Until the supervisor of {@code run} has been greeted by all of {@code workers}. */
    private static void awaitWorkers(TestCluster cluster, String run, Set<String> workers) {
        TestNode coordinator = cluster.coordinators().getFirst();
        Waits.until("%s to be in run %s".formatted(workers, run), () -> {
            // A supervisor that came later greets them anew.
            String log = coordinator.log();
            String since = log.substring(Math.max(0, log.lastIndexOf("supervising " + run + " in epoch")));
            return workers.stream().allMatch(worker -> since.contains("worker " + worker + " is here"));
        });
    }

    /** Until {@code count} workers have loaded the model and want to share the steps of E2E-QP. */
    private static void awaitHelpers(TestCluster cluster, String run, int count) {
        DirectoryStore store = DirectoryStore.open(cluster.runs().resolve(run));
        Waits.until(
                "%d helpers in run %s".formatted(count, run),
                () -> store.list("end-to-end/").stream()
                                .filter(name -> name.contains("/helpers/"))
                                .count()
                        == count);
    }

    /** The workers that trained the committed blocks. */
    private static Set<String> trainers(List<Event> events) {
        Map<Object, String> workers = new HashMap<>();
        Set<String> trainers = new TreeSet<>();
        for (Event event : events) {
            if (event instanceof StageStarted started) {
                workers.put(started.ticket(), started.worker());
            } else if (event instanceof StageCommitted committed
                    && committed.ticket().stage() instanceof TrainBlock) {
                trainers.add(workers.get(committed.ticket()));
            }
        }
        return trainers;
    }

    /** Workers besides its leader whose gradients went into E2E-QP. */
    private static int helpers(List<Event> events) {
        List<StageCommitted> trained = events.stream()
                .filter(StageCommitted.class::isInstance)
                .map(StageCommitted.class::cast)
                .filter(committed -> committed.ticket().stage() instanceof Stage.EndToEnd)
                .collect(Collectors.toList());
        assertThat(trained).hasSize(1);
        Map<String, Double> figures = trained.getFirst().result().figures();
        assertThat(figures.get(Figures.HELPED_SHARDS)).isGreaterThanOrEqualTo(figures.get(Figures.HELPERS));
        return figures.get(Figures.HELPERS).intValue();
    }
}
