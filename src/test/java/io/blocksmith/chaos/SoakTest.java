package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Havoc.Toll;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.RunState.Phase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs after runs on a cluster whose nodes die at random, {@code mvn -Psoak test}. System properties:
 *
 * <ul>
 *   <li>{@code soak.kills}: how many nodes are killed by SIGKILL before the last run may end (100)
 *   <li>{@code soak.mean-seconds}: mean time between two faults anywhere in the cluster (6); four of five are SIGKILL,
 * the others SIGTERM, or SIGSTOP and some seconds later SIGCONT
 *   <li>{@code soak.coordinators-share}: of the faults (0.2)
 *   <li>{@code soak.workers}, {@code soak.coordinators}: nodes (3, 3)
 *   <li>{@code soak.seed}: of times and victims (1); the machine's timing is not repeatable
 *   <li>{@code soak.minutes}: after which the soak counts as hung (60)
 * </ul>
 *
 * <p>Goodput is useful step seconds by all step seconds: the seconds of every training step that any worker took are
 * summed; of those, each step of a run is useful once, the last time that it was taken.
 */
@Tag("soak")
class SoakTest {
    private static final int KILLS = Integer.getInteger("soak.kills", 100);
    private static final double MEAN_SECONDS = Double.parseDouble(System.getProperty("soak.mean-seconds", "6"));
    private static final double COORDINATORS_SHARE =
            Double.parseDouble(System.getProperty("soak.coordinators-share", "0.2"));
    private static final int WORKERS = Integer.getInteger("soak.workers", 3);
    private static final int COORDINATORS = Integer.getInteger("soak.coordinators", 3);
    private static final long SEED = Long.getLong("soak.seed", 1);
    private static final Duration PATIENCE = Duration.ofMinutes(Long.getLong("soak.minutes", 60));

    @TempDir
    Path folder;

    @Test
    void runsOnNodesThatDieAtRandomEndInTheBytesOfAnUndisturbedRun() throws IOException, InterruptedException {
        TinyRecipe recipe = TinyRecipe.in(
                folder,
                4,
                2,
                "calibration.train-samples=128",
                "block-ap.epochs=4",
                "end-to-end.samples=96",
                "end-to-end.epochs=2");
        SortedMap<String, String> expected = recipe.undisturbed();
        Map<String, String> settings = Map.of(
                "patience.lost-workers", "10000",
                "patience.lease", "5s",
                "checkpoint.interval", "500ms",
                "akka.cluster.failure-detector.acceptable-heartbeat-pause", "3s",
                "akka.cluster.split-brain-resolver.stable-after", "3s");
        try (TestCluster cluster = TestCluster.start(folder, COORDINATORS, WORKERS, settings)) {
            run(cluster, recipe, "quiet");
            List<String> runs = new ArrayList<>();
            long start = System.nanoTime();
            Havoc havoc = Havoc.begin(cluster, SEED, new Havoc.Rate(MEAN_SECONDS, COORDINATORS_SHARE), KILLS);
            do {
                runs.add("run-" + (runs.size() + 1));
                run(cluster, recipe, runs.getLast());
                System.out.printf(
                        "%s is done; so far %s in %.0f s%n",
                        runs.getLast(), havoc.toll(), (System.nanoTime() - start) / 1e9);
                System.out.flush();
            } while (!havoc.isOver());
            havoc.await();
            double seconds = (System.nanoTime() - start) / 1e9;

            print(cluster, runs, havoc.toll(), seconds);
            for (String run : runs) {
                assertThat(new RunHistory(cluster.events(run)).wrongs()).as(run).isEmpty();
                assertThat(TinyRecipe.exports(cluster.runs().resolve(run)))
                        .as(run)
                        .isEqualTo(expected);
            }
        } catch (AssertionError failure) {
            throw new AssertionError("seed %d: %s".formatted(SEED, failure.getMessage()), failure);
        }
    }

    private static void run(TestCluster cluster, TinyRecipe recipe, String run) {
        cluster.submit(recipe.named(run));
        Waits.until(run + " to complete", PATIENCE, () -> {
            Phase phase = cluster.state(run).phase();
            if (phase == Phase.STOPPED) {
                throw new AssertionError(
                        "%s stopped: %s".formatted(run, cluster.state(run).rest()));
            }
            return phase == Phase.COMPLETED;
        });
    }

    private static void print(TestCluster cluster, List<String> runs, Toll toll, double seconds) {
        int lost = 0;
        int takenOver = 0;
        for (String run : runs) {
            List<Event> events = cluster.events(run);
            lost += (int) events.stream()
                    .filter(event -> event instanceof StageFailed failed && failed.category() == Category.WORKER_LOST)
                    .count();
            takenOver += (int) events.stream()
                            .filter(SupervisorStarted.class::isInstance)
                            .count()
                    - 1;
        }
        List<StepLog.Step> steps =
                runs.stream().flatMap(run -> cluster.steps(run).stream()).toList();
        double all = steps.stream().mapToDouble(StepLog.Step::seconds).sum();
        double useful = steps.stream()
                .collect(Collectors.toMap(
                        StepLog.Step::identity,
                        step -> step,
                        (one, other) -> one.attempt() > other.attempt() ? one : other))
                .values()
                .stream()
                .mapToDouble(StepLog.Step::seconds)
                .sum();
        System.out.printf(
                "soak: seed %d, %d coordinators, %d workers, a fault every %.1f s on the mean,"
                        + " %.0f %% of them in coordinators, %.0f s%n"
                        + "soak: %s%n"
                        + "soak: %d attempts lost with their worker and taken up again, %d supervisors replaced%n"
                        + "soak: %d runs completed with the bytes of an undisturbed one;"
                        + " %.1f s a run, %.1f s undisturbed%n"
                        + "soak: %.1f s of training steps, %.1f s of them useful: goodput %.1f %%%n",
                SEED,
                COORDINATORS,
                WORKERS,
                MEAN_SECONDS,
                100 * COORDINATORS_SHARE,
                seconds,
                toll,
                lost,
                takenOver,
                runs.size(),
                runs.stream()
                        .mapToDouble(run -> supervised(cluster.events(run)))
                        .average()
                        .orElseThrow(),
                supervised(cluster.events("quiet")),
                all,
                useful,
                100 * useful / all);
    }

    /** Seconds from a run's first supervisor to its end. */
    private static double supervised(List<Event> events) {
        Event first = events.stream()
                .filter(SupervisorStarted.class::isInstance)
                .findFirst()
                .orElseThrow();
        return Duration.between(first.at(), events.getLast().at()).toMillis() / 1e3;
    }
}
