package io.blocksmith.store;

import io.blocksmith.run.Boundaries;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Deletes hidden states that nobody will read: those superseded by a committed block, and those of attempts that did
 * not commit. Call it only after the commit is durable: a crash before it leaves too much, never too little.
 */
public final class Retention {
    private final ObjectStore store;
    private final Plan plan;

    public Retention(ObjectStore store, Plan plan) {
        this.store = store;
        this.plan = plan;
    }

    /**
     * Deletes what {@code state} does not need.
     *
     * @return the deleted names
     */
    public List<String> sweep(RunState state) {
        Set<Stage> needed = Boundaries.needed(plan, state);
        List<Ticket> kept = Stream.concat(
                        state.committed().stream()
                                .map(Committed::ticket)
                                .filter(ticket -> needed.contains(ticket.stage())),
                        state.running().stream().map(Running::ticket))
                .toList();
        List<String> superseded = store.list(RunNames.BOUNDARIES).stream()
                .filter(name -> kept.stream().noneMatch(ticket -> RunNames.isBoundaryOf(ticket, name)))
                .toList();
        superseded.forEach(store::delete);
        return superseded;
    }
}
