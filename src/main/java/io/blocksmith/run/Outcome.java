package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import java.time.Instant;
import java.util.Optional;

/** How one attempt ended, as its worker reports it. */
public sealed interface Outcome {

    /** Everything is written and waits to be committed. */
    record Done(StageResult result) implements Outcome {}

    /** It failed; {@code reason} is the message for the user. */
    record Failed(Category category, String reason, Evidence evidence) implements Outcome {}

    /** It stopped between two steps because it was told to. */
    record Cancelled(Evidence evidence) implements Outcome {}

    /** It could not go on because the result of {@code source} is torn or rotten. */
    record FoundDamage(Stage source, String reason) implements Outcome {}

    /**
     * What the report becomes in the ledger; empty when it is stale or a repetition, which changes nothing and only
     * has to be acknowledged.
     */
    static Optional<Event> event(RunState state, Ticket ticket, String worker, Outcome outcome, Instant now) {
        if (!state.isSupervised() || !state.isRunning(ticket)) {
            return Optional.empty();
        }
        return Optional.of(
                switch (outcome) {
                    case Done(StageResult result) -> new StageCommitted(now, ticket, result);
                    case Failed(Category category, String reason, Evidence evidence) ->
                        new StageFailed(now, ticket, category, reason, worker, evidence);
                    case Cancelled(Evidence evidence) -> new StageCancelled(now, ticket, evidence);
                    case FoundDamage(Stage source, String reason) ->
                        state.isCommitted(source)
                                ? new StageDamaged(now, ticket, source, reason)
                                // Somebody else found it first: the source is on its way already.
                                : new StageCancelled(now, ticket, Evidence.NONE);
                });
    }
}
