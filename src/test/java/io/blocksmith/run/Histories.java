package io.blocksmith.run;

import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Events and states for tests. */
public final class Histories {
    public static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    public static final String WORKER = "worker-1";

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
        return new StageStarted(NOON, state.nextTicket(stage), WORKER);
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
