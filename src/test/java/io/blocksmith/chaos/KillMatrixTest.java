package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.chaos.Kills.Held;
import io.blocksmith.chaos.Kills.Kill;
import io.blocksmith.chaos.Kills.Victim;
import io.blocksmith.run.Event.StageCommitted;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real JVMs on loopback that die at named points: in the life of one run, the same kind of node dies in several phases.
 * Every run ends in the bytes of an undisturbed one. The table that is printed at the end says how long each recovery
 * took.
 */
class KillMatrixTest {
    private static final int BLOCKS = 5;

    @TempDir
    static Path folder;

    private static TinyRecipe recipe;
    private static SortedMap<String, String> expected;
    private static TestCluster cluster;
    private static Kills kills;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        recipe = TinyRecipe.in(folder, BLOCKS, 1);
        cluster = TestCluster.start(folder, 3, 2, Map.of());
        kills = new Kills(cluster);
        expected = recipe.undisturbed();
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
        if (kills != null) {
            kills.printTable();
        }
    }

    @Test
    void aRunWhoseWorkerIsKilledInEveryPhaseEndsInTheSameBytes() {
        killInEveryPhase("workers", Victim.WORKER);
    }

    @Test
    void aRunWhoseSupervisorIsKilledInEveryPhaseLosesNoAttemptAndEndsInTheSameBytes() {
        killInEveryPhase("supervisors", Victim.SUPERVISOR);
        assertThat(new RunHistory(cluster.events("supervisors")).failures())
                .as("attempts that were lost")
                .isEmpty();
    }

    @Test
    void aRunWhoseWorkerAndSupervisorAreKilledAtOnceInEveryPhaseEndsInTheSameBytes() {
        killInEveryPhase("both", Victim.BOTH);
    }

    private static void killInEveryPhase(String run, Victim victim) {
        List<Kill> everywhere =
                Stream.of(Phase.values()).map(phase -> new Kill(phase, victim)).toList();
        kills.inRun(recipe.named(run), run, everywhere);
        assertCompleted(run);
    }

    private static void assertCompleted(String run) {
        cluster.awaitCompleted(run);
        RunHistory history = new RunHistory(cluster.events(run));
        assertThat(history.wrongs()).isEmpty();
        assertThat(TinyRecipe.exports(cluster.runs().resolve(run))).isEqualTo(expected);
    }

    @Test
    void aWorkerFrozenForHalfAMinuteHarmsNothingAndEndsItself() {
        Fault fault = cluster.arm(Phase.TRAINING.pattern());
        cluster.submit(recipe.named("frozen"));
        Held held = kills.awaitHeld("frozen", Phase.TRAINING, fault);
        fault.disarm();
        TestNode zombie = held.worker();
        long process = zombie.pid();
        long frozen = System.nanoTime();
        zombie.freeze();
        held.fault().release();
        kills.awaitRecovered("frozen", Phase.TRAINING, held);
        kills.note("frozen", "training", "block-000", "worker, SIGSTOP for 30 s", frozen);
        Waits.until(
                "half a minute to pass",
                () -> System.nanoTime() - frozen > Duration.ofSeconds(30).toNanos());
        zombie.thaw();

        Waits.until("the zombie to end itself", () -> zombie.pid() != process);
        assertCompleted("frozen");
        assertThat(new RunHistory(cluster.events("frozen")).committed("block-000"))
                .get()
                .extracting(StageCommitted::ticket)
                .isNotEqualTo(held.ticket());
    }

    @Test
    void aWorkerThatIsToldToEndSavesFirstAndNobodyIsCharged() {
        Fault fault = cluster.arm(Phase.TRAINING.pattern());
        cluster.submit(recipe.named("terminated"));
        Held held = kills.awaitHeld("terminated", Phase.TRAINING, fault);
        fault.disarm();
        int before = held.worker().exits().size();
        long told = System.nanoTime();
        // The step in which it is held ends when the worker is told to leave, not before.
        held.worker().terminate();
        kills.awaitRecovered("terminated", Phase.TRAINING, held);
        kills.note("terminated", "training", "block-000", "worker, SIGTERM", told);

        Waits.until("the worker to end", () -> held.worker().exits().size() > before);
        assertThat(held.worker().exits().get(before)).isEqualTo(143);
        assertCompleted("terminated");
        RunHistory history = new RunHistory(cluster.events("terminated"));
        assertThat(history.failures()).isEmpty();
        assertThat(history.cancellations())
                .singleElement()
                .satisfies(cancelled -> assertThat(cancelled.ticket()).isEqualTo(held.ticket()))
                .satisfies(cancelled ->
                        assertThat(cancelled.evidence().savedStep()).isPositive());
    }

    @Test
    void aSupervisorThatIsToldToEndHandsTheRunOverAndNoAttemptIsLost() {
        Fault fault = cluster.arm(Phase.TRAINING.pattern());
        cluster.submit(recipe.named("handed-over"));
        Held held = kills.awaitHeld("handed-over", Phase.TRAINING, fault);
        fault.disarm();
        int before = held.supervisor().exits().size();
        long told = System.nanoTime();
        held.supervisor().terminate();
        held.fault().release();
        kills.awaitRecovered("handed-over", Phase.TRAINING, held);
        kills.note("handed-over", "training", "block-000", "supervisor's node, SIGTERM", told);

        Waits.until("the node to end", () -> held.supervisor().exits().size() > before);
        assertThat(held.supervisor().exits().get(before)).isEqualTo(143);
        assertCompleted("handed-over");
        RunHistory history = new RunHistory(cluster.events("handed-over"));
        assertThat(history.failures()).isEmpty();
        assertThat(history.cancellations()).isEmpty();
        assertThat(history.committed("block-000").orElseThrow().ticket()).isEqualTo(held.ticket());
    }
}
