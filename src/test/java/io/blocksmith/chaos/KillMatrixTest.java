package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.DirectoryStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
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
    private static final List<String> TABLE = new ArrayList<>();

    /** What is killed while a node is held. */
    private enum Victim {
        WORKER("worker"),
        SUPERVISOR("supervisor's node"),
        BOTH("both");

        private final String words;

        Victim(String words) {
            this.words = words;
        }
    }

    /** A node is held in a stage. */
    private record Held(Fault fault, Ticket ticket, TestNode worker, TestNode supervisor) {}

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        recipe = TinyRecipe.in(folder, BLOCKS, 1);
        cluster = TestCluster.start(folder, 3, 2, Map.of());
        expected = recipe.undisturbed();
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
        System.out.printf("%n%-20s | %-24s | %-18s | %s%n", "phase", "killed", "seconds to recover", "steps repeated");
        TABLE.forEach(System.out::println);
    }

    @Test
    void aRunWhoseWorkerIsKilledInEveryPhaseEndsInTheSameBytes() {
        killIn(List.of(Phase.values()), "workers", Victim.WORKER);
    }

    @Test
    void aRunWhoseSupervisorIsKilledInEveryPhaseLosesNoAttemptAndEndsInTheSameBytes() {
        killIn(List.of(Phase.values()), "supervisors", Victim.SUPERVISOR);
        assertThat(new RunHistory(cluster.events("supervisors")).failures())
                .as("attempts that were lost")
                .isEmpty();
    }

    @Test
    void aRunWhoseWorkerAndSupervisorAreKilledAtOnceInEveryPhaseEndsInTheSameBytes() {
        killIn(List.of(Phase.values()), "both", Victim.BOTH);
    }

    private void killIn(List<Phase> phases, String run, Victim victim) {
        Fault fault = cluster.arm(phases.getFirst().pattern());
        cluster.submit(recipe.named(run));
        for (int i = 0; i < phases.size(); i++) {
            Phase phase = phases.get(i);
            Held held = awaitHeld(run, phase, fault);
            if (i + 1 < phases.size()) {
                // Armed before anything goes on: nothing can run past it.
                fault = cluster.arm(phases.get(i + 1).pattern());
            } else {
                fault.disarm();
            }
            // One thing at a time: what the loss of a majority does is for the soak.
            cluster.awaitWhole();
            long killed = System.nanoTime();
            switch (victim) {
                case WORKER -> held.worker().kill();
                case SUPERVISOR -> held.supervisor().kill();
                case BOTH -> {
                    held.worker().kill();
                    held.supervisor().kill();
                }
            }
            held.fault().release();
            awaitRecovered(run, phase, held);
            note(run, phase.words(), phase.stage(), victim.words, killed);
        }
        assertCompleted(run);
    }

    private static Held awaitHeld(String run, Phase phase, Fault fault) {
        long pid = fault.awaitHeld();
        RunHistory history = new RunHistory(cluster.events(run));
        StageStarted started = history.started(phase.stage()).orElseThrow();
        TestNode worker = cluster.worker(started.worker());
        TestNode supervisor = Waits.get("the supervisor", Waits.PATIENCE, () -> cluster.supervisor(run));
        assertThat(pid)
                .as("the node that is held")
                .isEqualTo(phase.isInCoordinator() ? supervisor.pid() : worker.pid());
        // What it had begun to save is there to go on from, however slow the disk is.
        phase.checkpoints().ifPresent(folder -> Waits.until("a checkpoint in " + folder, () -> isSaved(run, folder)));
        return new Held(fault, started.ticket(), worker, supervisor);
    }

    private static boolean isSaved(String run, String folder) {
        return DirectoryStore.open(cluster.runs().resolve(run)).list(folder).stream()
                .anyMatch(name -> name.endsWith("/checkpoint.json"));
    }

    /** The stage has gone on in a later attempt, or committed. */
    private static void awaitRecovered(String run, Phase phase, Held held) {
        boolean wasCommitted = phase == Phase.COMMITTED;
        Waits.until("%s to go on after a kill while %s".formatted(run, phase.words()), () -> {
            List<Event> events = cluster.events(run);
            if (wasCommitted) {
                // The stage itself has nothing to recover: the next one has to commit or begin.
                return new RunHistory(events).started("end-to-end").isPresent();
            }
            Optional<StageCommitted> committed = new RunHistory(events).committed(phase.stage());
            return committed.isPresent()
                    || cluster.steps(run).stream()
                            .anyMatch(step -> step.stage().equals(phase.stage())
                                    && step.attempt() > held.ticket().attempt());
        });
    }

    private static void note(String run, String phase, String stage, String killed, long since) {
        double seconds = (System.nanoTime() - since) / 1e9;
        List<StepLog.Step> steps = cluster.steps(run).stream()
                .filter(step -> step.stage().equals(stage))
                .toList();
        long distinct = steps.stream().map(StepLog.Step::identity).distinct().count();
        String line = "%-20s | %-24s | %18.1f | %d".formatted(phase, killed, seconds, steps.size() - distinct);
        TABLE.add(line);
        System.out.println(line);
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
        Held held = awaitHeld("frozen", Phase.TRAINING, fault);
        fault.disarm();
        TestNode zombie = held.worker();
        long process = zombie.pid();
        long frozen = System.nanoTime();
        zombie.freeze();
        held.fault().release();
        awaitRecovered("frozen", Phase.TRAINING, held);
        note("frozen", "training", "block-000", "worker, SIGSTOP for 30 s", frozen);
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
        Held held = awaitHeld("terminated", Phase.TRAINING, fault);
        fault.disarm();
        int before = held.worker().exits().size();
        long told = System.nanoTime();
        // The step in which it is held ends when the worker is told to leave, not before.
        held.worker().terminate();
        awaitRecovered("terminated", Phase.TRAINING, held);
        note("terminated", "training", "block-000", "worker, SIGTERM", told);

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
        Held held = awaitHeld("handed-over", Phase.TRAINING, fault);
        fault.disarm();
        int before = held.supervisor().exits().size();
        long told = System.nanoTime();
        held.supervisor().terminate();
        held.fault().release();
        awaitRecovered("handed-over", Phase.TRAINING, held);
        note("handed-over", "training", "block-000", "supervisor's node, SIGTERM", told);

        Waits.until("the node to end", () -> held.supervisor().exits().size() > before);
        assertThat(held.supervisor().exits().get(before)).isEqualTo(143);
        assertCompleted("handed-over");
        RunHistory history = new RunHistory(cluster.events("handed-over"));
        assertThat(history.failures()).isEmpty();
        assertThat(history.cancellations()).isEmpty();
        assertThat(history.committed("block-000").orElseThrow().ticket()).isEqualTo(held.ticket());
    }
}
