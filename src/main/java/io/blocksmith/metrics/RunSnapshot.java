package io.blocksmith.metrics;

import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.WorkerView;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A run at one moment, as its supervisor sees it.
 *
 * @param progress the latest word of each running attempt that has spoken
 * @param known every worker that introduced itself and was not removed since
 * @param reachable those that can be told things now
 * @param stragglers attempts much slower than their peers
 * @param stages of the run's plan
 * @param fraction share of the work that is done, 0 to 1
 * @param secondsLeft at the present pace; empty while that is not known
 */
public record RunSnapshot(
        RunState state,
        Map<Ticket, Progress> progress,
        Set<String> known,
        Map<String, WorkerView> reachable,
        int stragglers,
        boolean inTrouble,
        int stages,
        double fraction,
        OptionalDouble secondsLeft) {
    public RunSnapshot {
        progress = Map.copyOf(progress);
        known = Set.copyOf(known);
        reachable = Map.copyOf(reachable);
    }
}
