package io.blocksmith.run;

import io.blocksmith.run.Command.Told;
import io.blocksmith.run.Supervisor.Report;
import java.time.Duration;

/** What a {@link Supervisor} wants done; steps are carried out in the order in which it gives them. */
public sealed interface Step {

    /** Read the journal: answered with {@link Supervisor#read} or {@link Supervisor#journalFailed}. */
    record ReadJournal() implements Step {}

    /** Read the journal when so much time is over, because it has failed. */
    record ReadJournalLater(Duration after, String reason) implements Step {}

    /** Make the event durable: answered with {@link Supervisor#appended} or {@link Supervisor#journalFailed}. */
    record Append(Event event) implements Step {}

    /** The event is durable, as was found by reading: its answer got lost. */
    record FoundDurable(Event event) implements Step {}

    /** Give the worker, if it is there, the attempt, whose start is durable. */
    record Place(Assignment assignment, String worker) implements Step {}

    /** The attempt is over: nothing of it needs to be sent or kept any more. */
    record Forget(Ticket ticket) implements Step {}

    /** Tell the worker, if it is there. */
    record Tell(Told told) implements Step {}

    /**
     * Acknowledge the report.
     *
     * @param stale whether it changed nothing, because its attempt was not under way; it is durable otherwise
     */
    record Acknowledge(Report report, boolean stale) implements Step {}

    /** The request has had its effect, durably, or has none: see {@link Requests#done}. */
    record Fulfil(String request) implements Step {}

    /** Nothing follows. Workers are left alone: whoever holds the run next is to hear of what they do. */
    record End(RunOutcome outcome) implements Step {}
}
