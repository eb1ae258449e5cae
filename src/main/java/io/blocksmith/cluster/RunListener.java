package io.blocksmith.cluster;

import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;

/** Watches a run, e.g. to show it; called by one thread at a time, which may block. What it throws is logged. */
public interface RunListener {

    /** Something is durable. */
    void recorded(Event event, RunState after);

    /** A running attempt has come further; at most once a second for each. */
    void progressed(Progress progress);
}
