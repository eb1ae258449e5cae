package io.blocksmith.cluster;

import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import java.util.Map;
import java.util.Set;

/**
 * A run at one moment.
 *
 * @param state everything durable, stage by stage
 * @param progress the latest word of each running attempt that has spoken
 * @param workers names of the workers that can be reached
 * @param stopping whether the run is on its way to rest
 */
public record RunStatus(RunState state, Map<Ticket, Progress> progress, Set<String> workers, boolean stopping) {
    public RunStatus {
        progress = Map.copyOf(progress);
        workers = Set.copyOf(workers);
    }
}
