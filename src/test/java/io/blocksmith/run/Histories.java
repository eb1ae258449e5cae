package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Events and states for tests. */
public final class Histories {
    public static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    public static final String WORKER = "worker-1";
    public static final String NUMERICS = "cpu";

    private Histories() {}

    public static RunState fold(RunState state, Event... events) {
        RunState folded = state;
        for (Event event : events) {
            folded = folded.after(event);
        }
        return folded;
    }

    /** A run that supervisor 1 has just taken. */
    public static RunState started(int blocks) {
        return fold(
                RunState.empty(),
                new RunSubmitted(NOON, "tiny", "d1", blocks),
                new SupervisorStarted(NOON, 1, "host:1"));
    }

    public static Event start(RunState state, Stage stage) {
        return start(state, stage, WORKER);
    }

    public static Event start(RunState state, Stage stage, String worker) {
        return new StageStarted(NOON, state.nextTicket(stage), worker, NUMERICS, Adjustment.NONE);
    }

    /** What an attempt leaves that has saved at this step. */
    public static Evidence saved(long step) {
        return new Evidence(step, step, List.of());
    }

    /** The state once {@code stage} has started on {@code worker} and failed there. */
    public static RunState fail(RunState state, Stage stage, Category category, String worker, Evidence evidence) {
        Ticket ticket = state.nextTicket(stage);
        return fold(
                state,
                start(state, stage, worker),
                new StageFailed(NOON, ticket, category, "disk on fire", worker, evidence));
    }

    /** The state once {@code stage} has failed on {@link #WORKER} having saved nothing. */
    public static RunState fail(RunState state, Stage stage, Category category) {
        return fail(state, stage, category, WORKER, Evidence.NONE);
    }

    public static StageResult result(Ticket ticket) {
        return new StageResult(
                List.of(new ObjectRef("objects/%s-%d".formatted(ticket.stage().key(), ticket.attempt()), 1, "00")),
                Map.of("loss", 0.5));
    }

    /** The state once each of {@code stages} has started and committed. */
    public static RunState commit(RunState state, Stage... stages) {
        RunState folded = state;
        for (Stage stage : stages) {
            Ticket ticket = folded.nextTicket(stage);
            folded = fold(folded, start(folded, stage), new StageCommitted(NOON, ticket, result(ticket)));
        }
        return folded;
    }
}
