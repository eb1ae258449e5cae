package io.blocksmith.cluster;

import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Trail;
import io.blocksmith.run.WorkerView;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A run at one moment, as its supervisor sees it.
 *
 * @param state everything durable, stage by stage
 * @param progress the latest word of each running attempt that has spoken
 * @param trails what was seen of each running attempt so far
 * @param known every worker that introduced itself and was not removed since
 * @param reachable those that can be told things now
 * @param stragglers attempts much slower than their peers
 * @param stopping whether the run is on its way to rest
 * @param fraction share of the work that is done, 0 to 1
 * @param secondsLeft at the pace of this supervision; empty while that is not known
 * @param trouble what keeps the supervisor from going on, e.g. a store that takes nothing
 */
public record RunStatus(
        RunState state,
        Map<Ticket, Progress> progress,
        Map<Ticket, Trail.Seen> trails,
        Map<String, Registration> known,
        Map<String, WorkerView> reachable,
        Set<Ticket> stragglers,
        boolean stopping,
        double fraction,
        OptionalDouble secondsLeft,
        Optional<String> trouble) {
    public RunStatus {
        progress = Map.copyOf(progress);
        trails = Map.copyOf(trails);
        known = Map.copyOf(known);
        reachable = Map.copyOf(reachable);
        stragglers = Set.copyOf(stragglers);
    }
}
