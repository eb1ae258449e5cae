package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger, followed by the deletion of what each durable commit supersedes. That takes minutes where a block leaves
 * thousands of objects in a bucket, so a thread of its own does it while the run goes on; only the run's completion waits.
 */
public final class SweepingJournal implements Journal {
    private static final Logger LOG = LoggerFactory.getLogger(SweepingJournal.class);

    private final Ledger ledger;
    private final Retention retention;
    private final Object lock = new Object();
    // Guarded by the lock, as is the ledger.
    private RunState state = RunState.empty();
    private boolean due;
    private boolean sweeping;

    public SweepingJournal(Ledger ledger, Retention retention) {
        this.ledger = ledger;
        this.retention = retention;
    }

    @Override
    public RunState read() {
        synchronized (lock) {
            state = ledger.read();
            return state;
        }
    }

    @Override
    public Appended append(Event event) {
        synchronized (lock) {
            if (event instanceof RunCompleted) {
                // The process may end after it.
                awaitSweep();
            }
            Appended appended = ledger.append(event);
            if (appended instanceof Appended.Durable) {
                state = state.after(event);
                if (event instanceof StageCommitted || event instanceof SupervisorStarted) {
                    due = true;
                    begin();
                }
            }
            return appended;
        }
    }

    @Override
    public boolean isWritable() {
        return ledger.isWritable();
    }

    private void begin() {
        if (!sweeping) {
            sweeping = true;
            Thread.ofPlatform().daemon().name("sweep").start(this::sweepWhileDue);
        }
    }

    private void sweepWhileDue() {
        while (isDue()) {
            try {
                sweep();
            } catch (BlocksmithException failure) {
                // The event is durable whatever happens here; the next commit sweeps again.
                LOG.warn("superseded hidden states stay for now: {}", failure.getMessage());
            } catch (RuntimeException defect) {
                LOG.error("superseded hidden states stay for now", defect);
            }
        }
    }

    private boolean isDue() {
        synchronized (lock) {
            sweeping = due;
            due = false;
            lock.notifyAll();
            return sweeping;
        }
    }

    /** Whoever wrote what is listed had begun by then, so the state after the listing knows of it, if it is the newest. */
    private void sweep() {
        List<String> listed = retention.listed();
        RunState now;
        boolean newest;
        synchronized (lock) {
            now = state;
            newest = ledger.isNewest();
        }
        if (newest) {
            retention.sweep(listed, now);
        } else {
            LOG.info("another supervisor has taken the run over: it deletes what is superseded");
        }
    }

    /** Waits until nothing is swept. */
    void awaitSweep() {
        synchronized (lock) {
            while (sweeping) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw BlocksmithException.transientFault(e, "interrupted while superseded objects are deleted");
                }
            }
        }
    }
}
