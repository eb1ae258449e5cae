package io.blocksmith.cluster;

import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;

/** Watches a run, e.g. to show it; called by one thread at a time, which may block. What it throws is logged. */
public interface RunListener {

    /** Something is durable. */
    void recorded(Event event, RunState after);

    /** A running attempt has come further; at most once a second for each. */
    void progressed(Progress progress);

    /** How the run stands; about once a second, and once more when it has come to rest. */
    default void looked(RunStatus status) {}

    /** A report came of an attempt that is not under way: a repetition, or from before a fault. It changed nothing. */
    default void stale(Ticket ticket) {}

    /** The supervision is over; the last call. */
    default void ended(RunOutcome outcome) {}
}
