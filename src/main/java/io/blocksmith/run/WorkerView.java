package io.blocksmith.run;

import java.util.Optional;
import java.util.Set;

/**
 * A worker that can be told things now.
 *
 * @param numerics what it computes with; last bits depend on it
 * @param holds attempts that it was given and has not reported the end of, stale ones included
 * @param assists the attempt of another worker that it shares
 * @param quarantined whether it failed so often that others are preferred
 * @param slow whether it has lately been much slower than its peers
 */
public record WorkerView(
        String numerics, Set<Ticket> holds, Optional<Ticket> assists, boolean quarantined, boolean slow) {
    public WorkerView {
        holds = Set.copyOf(holds);
    }

    /** A worker at rest. */
    public static WorkerView idle(String numerics) {
        return new WorkerView(numerics, Set.of(), Optional.empty(), false, false);
    }

    /** Whether a stage may be given to it; one that assists is called back first. */
    boolean isFree() {
        return holds.isEmpty() && assists.isEmpty() && !quarantined;
    }
}
