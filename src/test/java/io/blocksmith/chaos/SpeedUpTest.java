package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blocksmith.demo.DemoFiles;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Stage;
import io.blocksmith.stage.Figures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much faster two workers of one core each are than one; prints, and asserts only that the bytes are the same. */
@Tag("soak")
class SpeedUpTest {
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final int SAMPLES = Integer.getInteger("blocksmith.speed-up.samples", 512);

    @TempDir
    Path folder;

    @Test
    void printsTheSpeedUpOfTwoWorkersForTwoSegments() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "taskset is missing");
        assumeTrue(Runtime.getRuntime().availableProcessors() >= 2, "two cores are needed");
        DemoFiles demo = DemoFiles.unpack(folder);
        try (TestCluster cluster = TestCluster.start(folder, 1, 0, Map.of("checkpoint.interval", "120s"))) {
            TestNode first = cluster.addWorker("worker-1");
            first.pin(0);
            first.start();
            TestNode second = cluster.addWorker("worker-2");
            second.pin(1);
            // What a JVM learns in its first run is not the workers' speed: every measured run is its second.
            run(cluster, demo, "warm-up-1", 32);
            Times one = run(cluster, demo, "one-worker", SAMPLES);
            second.start();
            run(cluster, demo, "warm-up-2", 32);
            Times two = run(cluster, demo, "two-workers", SAMPLES);

            System.out.printf(
                    Locale.ROOT,
                    "speed-up: demo model, 2 segments, %d windows of 128 tokens, one core a worker%n%s%s",
                    SAMPLES,
                    one,
                    two);
            System.out.printf(
                    Locale.ROOT,
                    "speed-up of two workers: capture and blocks %.2f, E2E-QP %.2f, whole run %.2f%n",
                    one.blocks() / two.blocks(),
                    one.endToEnd() / two.endToEnd(),
                    one.whole() / two.whole());
            assertThat(TinyRecipe.exports(cluster.runs().resolve("two-workers")))
                    .isEqualTo(TinyRecipe.exports(cluster.runs().resolve("one-worker")));
        }
    }

    /**
     * Seconds by the coordinator's clock.
     *
     * @param blocks from the first capture to the last block
     * @param busy seconds of all attempts at captures and blocks together
     */
    private record Times(String run, double blocks, double busy, double endToEnd, double helped, double whole) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%-12s capture and blocks %6.1f s (attempts together %6.1f s), E2E-QP %6.1f s (%.0f shards by"
                            + " helpers), whole run %6.1f s%n",
                    run,
                    blocks,
                    busy,
                    endToEnd,
                    helped,
                    whole);
        }
    }

    private Times run(TestCluster cluster, DemoFiles demo, String run, int samples) throws IOException {
        cluster.submit(recipe(demo, run, samples));
        Waits.until(
                run + " to complete",
                PATIENCE,
                () -> cluster.events(run).stream().anyMatch(event -> event instanceof RunCompleted));
        return times(run, cluster.events(run));
    }

    private Path recipe(DemoFiles demo, String run, int samples) throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "quantization { bits = 2, group-size = 64 }",
                "calibration { sequence-length = 128, validation-samples = 64, order = file }",
                "calibration.train-samples = " + samples,
                "block-ap.segments = 2",
                "block-ap.learning-rates { weights = 1e-3, step-sizes = 1e-3, zero-points = 1e-3 }",
                "end-to-end { sequence-length = 128, learning-rates.step-sizes = 1e-3 }",
                "end-to-end.samples = " + samples,
                "evaluation.context = 128"));
        lines.add("run { name = \"%s\", model = \"%s\", calibration = \"%s\", evaluation = \"%s\" }"
                .formatted(run, demo.model(), demo.calibration(), demo.evaluation()));
        return Files.write(folder.resolve(run + ".conf"), lines);
    }

    private static Times times(String run, List<Event> events) {
        Instant start = null;
        Instant blocks = null;
        double busy = 0;
        double endToEnd = 0;
        double helped = 0;
        Instant end = null;
        for (Event event : events) {
            if (event instanceof StageStarted && start == null) {
                start = event.at();
            } else if (event instanceof StageCommitted committed) {
                Stage stage = committed.ticket().stage();
                Map<String, Double> figures = committed.result().figures();
                if (stage instanceof Stage.Capture || stage instanceof Stage.TrainBlock) {
                    blocks = event.at();
                    busy += figures.get(Figures.SECONDS);
                } else if (stage instanceof Stage.EndToEnd) {
                    endToEnd = figures.get(Figures.SECONDS);
                    helped = figures.get(Figures.HELPED_SHARDS);
                }
            } else if (event instanceof RunCompleted) {
                end = event.at();
            }
        }
        return new Times(run, seconds(start, blocks), busy, endToEnd, helped, seconds(start, end));
    }

    private static double seconds(Instant from, Instant to) {
        return Duration.between(from, to).toMillis() / 1e3;
    }
}
