package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Ticket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Kills nodes of a cluster at named points in the life of a run, and notes how long the run took to go on. */
final class Kills {
    private final TestCluster cluster;
    private final List<String> table = new ArrayList<>();

    /** What is killed while a node is held. */
    enum Victim {
        WORKER("worker"),
        SUPERVISOR("supervisor's node"),
        BOTH("both");

        private final String words;

        Victim(String words) {
            this.words = words;
        }
    }

    /** Who dies where. */
    record Kill(Phase phase, Victim victim) {}

    /** A node is held in a stage. */
    record Held(Fault fault, Ticket ticket, TestNode worker, TestNode supervisor) {}

    Kills(TestCluster cluster) {
        this.cluster = cluster;
    }

    /** Submits a run and kills in it, in the order of its phases. */
    void inRun(Path recipe, String run, List<Kill> kills) {
        Fault fault = cluster.arm(kills.getFirst().phase().pattern());
        cluster.submit(recipe);
        for (int i = 0; i < kills.size(); i++) {
            Phase phase = kills.get(i).phase();
            Held held = awaitHeld(run, phase, fault);
            if (i + 1 < kills.size()) {
                // Armed before anything goes on: nothing can run past it.
                fault = cluster.arm(kills.get(i + 1).phase().pattern());
            } else {
                fault.disarm();
            }
            // One thing at a time: what the loss of a majority does is for the soak.
            cluster.awaitWhole();
            long killed = System.nanoTime();
            Victim victim = kills.get(i).victim();
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
    }

    /** Waits until a node is held in a phase. */
    Held awaitHeld(String run, Phase phase, Fault fault) {
        long pid = fault.awaitHeld();
        RunHistory history = new RunHistory(cluster.events(run));
        StageStarted started = history.started(phase.stage()).orElseThrow();
        TestNode worker = cluster.worker(started.worker());
        TestNode supervisor = Waits.get("the supervisor", Waits.PATIENCE, () -> cluster.supervisor(run));
        assertThat(pid)
                .as("the node that is held")
                .isEqualTo(phase.isInCoordinator() ? supervisor.pid() : worker.pid());
        // What it had begun to save is there to go on from, however slow the disk is.
        phase.checkpoints()
                .ifPresent(prefix -> Waits.until(
                        "a checkpoint in " + prefix,
                        () -> cluster.names(run, prefix).stream().anyMatch(name -> name.endsWith("/checkpoint.json"))));
        return new Held(fault, started.ticket(), worker, supervisor);
    }

    /** Waits until the stage has gone on in a later attempt, or committed. */
    void awaitRecovered(String run, Phase phase, Held held) {
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

    /** Adds a line to the table. */
    void note(String run, String phase, String stage, String killed, long sinceNanos) {
        double seconds = (System.nanoTime() - sinceNanos) / 1e9;
        List<StepLog.Step> steps = cluster.steps(run).stream()
                .filter(step -> step.stage().equals(stage))
                .toList();
        long distinct = steps.stream().map(StepLog.Step::identity).distinct().count();
        String line = "%-20s | %-24s | %18.1f | %d".formatted(phase, killed, seconds, steps.size() - distinct);
        table.add(line);
        System.out.println(line);
    }

    void printTable() {
        System.out.printf("%n%-20s | %-24s | %-18s | %s%n", "phase", "killed", "seconds to recover", "steps repeated");
        table.forEach(System.out::println);
    }
}
