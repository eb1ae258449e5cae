package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.stage.Figures;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EventJsonTest {
    private static final Instant NOON = Histories.NOON;
    private static final Ticket SECOND = new Ticket("first", new Stage.TrainBlock(3), 2, 1);

    private static final List<Event> EVENTS = List.of(
            new Event.RunSubmitted(NOON, "first", "d", 32),
            new Event.SupervisorStarted(NOON, 2, "node-1 process 7"),
            new Event.StageStarted(NOON, SECOND, "worker-1", "cpu", new Adjustment(0.5, 2)),
            new Event.StageCommitted(
                    NOON,
                    SECOND,
                    new StageResult(List.of(), Map.of(Figures.START_LOSS, 0.0041, Figures.FINAL_LOSS, 9e-4))),
            new Event.StageFailed(
                    NOON, SECOND, Category.WORKER_LOST, "worker worker-1 is gone", "worker-1", Evidence.NONE),
            new Event.StageCancelled(NOON, SECOND, new Evidence(9, 8, List.of())),
            new Event.StageDamaged(NOON, SECOND, new Stage.TrainBlock(2), "codes: digest differs"),
            new Event.StageReset(NOON, new Stage.TrainBlock(3), "reset by ann@host"),
            new Event.RunPaused(NOON, RestCause.REQUESTED, "paused by ann@host"),
            new Event.RunPaused(NOON, RestCause.STORE, "no room in the store"),
            new Event.RunResumed(NOON, "resumed by ann@host"),
            new Event.WorkerDrained(NOON, "worker-1", "drained by ann@host"),
            new Event.WorkerReturned(NOON, "worker-1"),
            new Event.RunCompleted(NOON),
            new Event.RunStopped(NOON, RestCause.REQUESTED, "cancelled by ann@host"),
            new Event.RunStopped(NOON, RestCause.FAILURE, "block-003 failed in all its tries"));

    @Test
    void everyEventIsASentenceWithItsReason() {
        assertThat(EventJson.after(EVENTS, 0))
                .extracting(event -> event.get("text"))
                .containsExactly(
                        "the run was submitted: a model of 32 blocks",
                        "node-1 process 7 supervises the run now (epoch 2)",
                        "block-003 (attempt 2) was given to worker-1, at 0.500 of the learning rates, in 2 parts of a"
                                + " batch",
                        "block-003 is done: loss 0.000900, before training 0.00410",
                        "block-003 (attempt 2) failed on worker-1: worker worker-1 is gone",
                        "block-003 (attempt 2) was asked to stop and saved step 8",
                        "block-003 found the result of block-002 damaged, which is made again: codes: digest differs",
                        "block-003 starts afresh: reset by ann@host",
                        "the run pauses: paused by ann@host",
                        "the run pauses: no room in the store",
                        "the run goes on: resumed by ann@host",
                        "worker-1 gets no more work: drained by ann@host",
                        "worker-1 gets work again",
                        "the run is complete",
                        "the run stopped: cancelled by ann@host",
                        "the run stopped: block-003 failed in all its tries");
    }

    @Test
    void theLossesOfARepairAreNotTakenForThoseOfATraining() {
        Ticket repair = new Ticket("first", new Stage.RepairBlock(3), 1, 1);
        Event repaired = new Event.StageCommitted(
                NOON, repair, new StageResult(List.of(), Map.of(Figures.START_LOSS, 0.685, Figures.FINAL_LOSS, 0.594)));

        assertThat(EventJson.of(repaired).get("text"))
                .isEqualTo("repair-003 is done: loss 0.594, before the repair 0.685");
    }

    @Test
    void everyKindIsListed() {
        assertThat(EVENTS.stream().map(event -> EventJson.of(event).get("kind")).distinct())
                .containsExactlyInAnyOrderElementsOf(EventJson.KINDS);
    }

    @Test
    void whatAPersonShouldLookAtStandsOut() {
        assertThat(EventJson.after(EVENTS, 0))
                .filteredOn(event -> !event.get("level").equals("info"))
                .extracting(event -> event.get("kind") + " " + event.get("level"))
                .containsExactly(
                        "stage-failed warning", "stage-damaged warning", "run-paused warning", "run-stopped error");
    }

    @Test
    void anEventSaysWhereInTheRunItIs() {
        assertThat(EventJson.after(EVENTS, 4).getFirst())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "sequence", 5L,
                        "at", "2026-01-01T12:00:00Z",
                        "kind", "stage-failed",
                        "stage", "block-003",
                        "attempt", 2,
                        "worker", "worker-1",
                        "text", "block-003 (attempt 2) failed on worker-1: worker worker-1 is gone",
                        "level", "warning"));
    }

    @Test
    void olderWarningsStandBeforeTheLatestEvents() {
        List<Event> events = new ArrayList<>(EVENTS);
        IntStream.range(0, 100).forEach(_ -> events.add(new Event.WorkerReturned(NOON, "worker-1")));

        // Four of the first sixteen are to be looked at: 5, 7, 10 and 16.
        assertThat(EventJson.latest(events, 2, 3))
                .extracting(event -> event.get("sequence"))
                .containsExactly(7L, 10L, 16L, 115L, 116L);
        assertThat(EventJson.latest(events, 2, 20))
                .extracting(event -> event.get("sequence"))
                .containsExactly(5L, 7L, 10L, 16L, 115L, 116L);
        assertThat(EventJson.latest(EVENTS, 2, 2))
                .extracting(event -> event.get("sequence"))
                .containsExactly(10L, 15L, 16L);
        assertThat(EventJson.latest(EVENTS, 99, 1)).isEqualTo(EventJson.after(EVENTS, 0));
    }

    @Test
    void onlyLaterEventsAreTold() {
        assertThat(EventJson.after(EVENTS, 14))
                .extracting(event -> event.get("sequence"))
                .containsExactly(15L, 16L);
        assertThat(EventJson.after(EVENTS, 99)).isEmpty();
        assertThat(EventJson.after(EVENTS, -5)).hasSize(EVENTS.size());
    }
}
