package io.blocksmith.run.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What must hold after every event, kept by books of its own: nothing here asks the core what it thinks. */
final class Invariants {
    private static final class Seen {
        private final Map<String, String> incarnations = new HashMap<>();
        private final Set<String> reachable = new HashSet<>();
        private final Map<String, Set<Ticket>> holds = new HashMap<>();
        /** Of incarnations that said goodbye or were seen to end. */
        private final Set<String> over = new HashSet<>();
        /** Attempts that somebody held who said goodbye to this supervisor. */
        private final Set<Ticket> excused = new HashSet<>();
    }

    private final World world;
    private final Map<Stage, StageBook> books = new HashMap<>();
    private final Map<SimulatedSupervisor, Seen> seen = new HashMap<>();
    private final Map<String, Long> givenWhileDead = new HashMap<>();
    private final Set<String> drained = new HashSet<>();
    private long epoch;
    private Phase phase = Phase.NEW;

    Invariants(World world) {
        this.world = world;
    }

    private StageBook book(Stage stage) {
        return books.computeIfAbsent(stage, StageBook::new);
    }

    private Seen seen(SimulatedSupervisor supervisor) {
        return seen.computeIfAbsent(supervisor, _ -> new Seen());
    }

    // What each supervisor was told of its workers.

    void joined(SimulatedSupervisor supervisor, Registration worker) {
        Seen by = seen(supervisor);
        assertThat(by.over)
                .as("%s is not here again once it is over", worker)
                .doesNotContain(worker.name() + worker.incarnation());
        by.reachable.add(worker.name());
        String known = by.incarnations.get(worker.name());
        assertThat(known == null || SimulatedWorker.order(known) <= SimulatedWorker.order(worker.incarnation()))
                .as("%s takes no place of %s, which came up later", worker, known)
                .isTrue();
        Set<Ticket> holds = by.holds.computeIfAbsent(worker.name(), _ -> new HashSet<>());
        if (!worker.incarnation().equals(by.incarnations.put(worker.name(), worker.incarnation()))) {
            holds.clear();
        }
        holds.addAll(worker.holds());
        givenWhileDead.remove(worker.name());
    }

    void unreachable(SimulatedSupervisor supervisor, String worker) {
        seen(supervisor).reachable.remove(worker);
    }

    /** The supervisor heard a goodbye. */
    void saidGoodbye(SimulatedSupervisor supervisor, Registration worker) {
        Seen by = seen(supervisor);
        by.excused.addAll(worker.holds());
        by.over.add(worker.name() + worker.incarnation());
        if (worker.incarnation().equals(by.incarnations.get(worker.name()))) {
            by.excused.addAll(by.holds.getOrDefault(worker.name(), Set.of()));
            by.reachable.remove(worker.name());
        }
    }

    /** The supervisor's watch on an incarnation has ended. */
    void ended(SimulatedSupervisor supervisor, String worker, String incarnation) {
        Seen by = seen(supervisor);
        by.over.add(worker + incarnation);
        if (incarnation.equals(by.incarnations.get(worker))) {
            by.reachable.remove(worker);
        }
    }

    void gave(SimulatedSupervisor supervisor, String worker, Ticket ticket) {
        seen(supervisor).holds.computeIfAbsent(worker, _ -> new HashSet<>()).add(ticket);
    }

    void returned(SimulatedSupervisor supervisor, String worker, Ticket ticket) {
        seen(supervisor).holds.getOrDefault(worker, new HashSet<>()).remove(ticket);
    }

    /** A supervisor is about to make a start durable. */
    void decided(SimulatedSupervisor supervisor, RunState state, StageStarted start) {
        Seen by = seen(supervisor);
        String worker = start.worker();
        assertThat(by.reachable)
                .as("%s goes to a worker that its supervisor can reach", start)
                .contains(worker);
        assertThat(by.holds.getOrDefault(worker, Set.of()))
                .as("%s goes to %s, which holds nothing else", start, worker)
                .isEmpty();
        assertThat(state.drained()).as("%s goes to no drained worker", start).doesNotContain(worker);
        assertThat(start.numerics()).isEqualTo(world.numerics(worker));
    }

    /** A supervisor is about to make a failure durable. */
    void decided(SimulatedSupervisor supervisor, StageFailed failed) {
        assertThat(failed.category() == Category.WORKER_LOST
                        && seen(supervisor).excused.contains(failed.ticket()))
                .as("%s, whose worker said goodbye, is charged to nobody", failed)
                .isFalse();
    }

    // The ledger.

    /** One more record; {@code author} holds the epoch that its writer believes in. */
    void appended(long author, Event event, RunState before, RunState after) {
        world.trace(() -> "LEDGER " + event);
        if (event instanceof SupervisorStarted started) {
            assertThat(started.epoch()).as("epochs rise").isGreaterThan(epoch);
            if (phase == Phase.STOPPED) {
                books.values().forEach(StageBook::forgive);
            }
            epoch = started.epoch();
        } else if (!(event instanceof Event.RunSubmitted)) {
            assertThat(author).as("only the latest supervisor writes %s", event).isEqualTo(epoch);
        }
        switch (event) {
            case StageStarted started -> started(started);
            case StageCommitted committed -> {
                assertThat(committed.result().objects().getFirst().sha256())
                        .as("%s commits what it wrote", committed.ticket())
                        .isEqualTo(Long.toHexString(
                                world.store().written(committed.ticket()).orElseThrow()));
                book(committed.ticket().stage()).committed(committed.ticket());
            }
            case StageFailed failed ->
                book(failed.ticket().stage())
                        .failed(
                                failed.ticket(),
                                failed.category(),
                                failed.worker(),
                                failed.evidence().savedStep());
            case StageCancelled cancelled ->
                book(cancelled.ticket().stage())
                        .cancelled(cancelled.ticket(), cancelled.evidence().savedStep());
            case StageDamaged damaged -> {
                book(damaged.ticket().stage()).cancelled(damaged.ticket(), 0);
                book(damaged.source()).damaged();
            }
            case StageReset reset -> book(reset.stage()).reset();
            case Event.WorkerDrained drain -> drained.add(drain.worker());
            case Event.WorkerReturned returned -> drained.remove(returned.worker());
            case RunStopped stopped -> {
                if (stopped.cause() == RestCause.FAILURE) {
                    assertThat(books.values().stream().anyMatch(book -> book.isExhausted(world.policy())))
                            .as("a stage has used up its tries: %s", stopped.reason())
                            .isTrue();
                }
            }
            case Event.RunCompleted _ ->
                assertThat(world.plan().stages()).allMatch(stage -> book(stage).isCommitted());
            case Event.RunSubmitted _, SupervisorStarted _, Event.RunPaused _, Event.RunResumed _ -> {}
        }
        phase = after.phase();
        if (phase == Phase.PAUSED || phase == Phase.STOPPED) {
            assertThat(after.rest()).as("a rest has a reason").isPresent();
        }
        for (Stage stage : world.plan().stages()) {
            StageBook book = books.get(stage);
            assertThat(after.isCommitted(stage))
                    .as("%s is committed by the state and by the books", stage)
                    .isEqualTo(book != null && book.isCommitted());
        }
    }

    private void started(StageStarted started) {
        Ticket ticket = started.ticket();
        assertThat(phase).as("%s starts in a running run", ticket).isEqualTo(Phase.RUNNING);
        assertThat(ticket.epoch()).as("%s is of the present epoch", ticket).isEqualTo(epoch);
        for (Stage stage : world.plan().prerequisites(ticket.stage())) {
            assertThat(book(stage).isCommitted())
                    .as("%s starts after %s has committed", ticket, stage)
                    .isTrue();
        }
        assertThat(drained).as("%s goes to no drained worker", ticket).doesNotContain(started.worker());
        assertThat(books.values())
                .as("%s goes to a worker with no other attempt", ticket)
                .noneMatch(book -> book.runsOn(started.worker()));
        if (!world.lives(started.worker())) {
            Long last = givenWhileDead.put(started.worker(), world.time().millis());
            assertThat(last == null
                            || world.time().millis() - last
                                    >= SimulatedSupervisor.FLEET.lease().toMillis())
                    .as("%s is not given twice to a dead worker within a lease", ticket)
                    .isTrue();
        }
        book(ticket.stage())
                .started(ticket, started.worker(), started.numerics(), started.adjustment(), world.policy());
    }

    boolean isHalved(Stage stage) {
        return book(stage).factor() < Adjustment.NONE.learningRateFactor();
    }

    int count(Category category) {
        return books.values().stream().mapToInt(book -> book.count(category)).sum();
    }
}
