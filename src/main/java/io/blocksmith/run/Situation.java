package io.blocksmith.run;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the next step depends on beside the durable state.
 *
 * @param workers by name, those that can be told things
 * @param lost attempts that run by the ledger but have to be given up, with why
 * @param resting stages that are not to be tried again just yet
 * @param storeUsable whether the store takes objects; asked while a run is paused because it did not
 * @param stopRequested why somebody wants the run to rest, if anybody does
 */
public record Situation(
        SortedMap<String, WorkerView> workers,
        Map<Ticket, Loss> lost,
        Set<Stage> resting,
        boolean storeUsable,
        Optional<String> stopRequested) {
    public Situation {
        workers = new TreeMap<>(workers);
        lost = Map.copyOf(lost);
        resting = Set.copyOf(resting);
    }

    /** Nothing is wrong, and {@code workers} are there. */
    public static Situation calm(Map<String, WorkerView> workers) {
        return new Situation(new TreeMap<>(workers), Map.of(), Set.of(), true, Optional.empty());
    }
}
