package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ledger, followed by the deletion of what each durable commit supersedes. */
public final class SweepingJournal implements Journal {
    private static final Logger LOG = LoggerFactory.getLogger(SweepingJournal.class);

    private final Journal ledger;
    private final Retention retention;
    private RunState state = RunState.empty();

    public SweepingJournal(Journal ledger, Retention retention) {
        this.ledger = ledger;
        this.retention = retention;
    }

    @Override
    public RunState read() {
        state = ledger.read();
        return state;
    }

    @Override
    public Appended append(Event event) {
        Appended appended = ledger.append(event);
        if (appended instanceof Appended.Durable) {
            state = state.after(event);
            if (event instanceof StageCommitted || event instanceof SupervisorStarted) {
                sweep();
            }
        }
        return appended;
    }

    @Override
    public boolean isWritable() {
        return ledger.isWritable();
    }

    private void sweep() {
        try {
            retention.sweep(state);
        } catch (BlocksmithException failure) {
            // The event is durable whatever happens here; the next commit sweeps again.
            LOG.warn("superseded hidden states stay for now: {}", failure.getMessage());
        }
    }
}
