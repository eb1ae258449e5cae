package io.blocksmith.cli;

import io.blocksmith.cluster.RunListener;
import io.blocksmith.cluster.RunOutcome;
import io.blocksmith.cluster.RunStatus;
import io.blocksmith.run.Event;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.ObjectStore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Several listeners as one; a broken one does not keep the others from hearing. */
record RunListeners(List<RunListener> listeners) implements RunListener {
    private static final Logger LOG = LoggerFactory.getLogger(RunListeners.class);

    RunListeners {
        listeners = List.copyOf(listeners);
    }

    /** What watches a run that this process supervises. */
    static RunListener of(NodeMetrics metrics, Notices notices, ObjectStore store, Recipe recipe, RunListener... more) {
        List<RunListener> all = new ArrayList<>(metrics.supervised(store, recipe));
        all.addAll(notices.supervised(store));
        all.addAll(List.of(more));
        return new RunListeners(all);
    }

    private void each(Consumer<RunListener> told) {
        for (RunListener listener : listeners) {
            try {
                told.accept(listener);
            } catch (RuntimeException failure) {
                LOG.warn("{} failed", listener.getClass().getSimpleName(), failure);
            }
        }
    }

    @Override
    public void recorded(Event event, RunState after) {
        each(listener -> listener.recorded(event, after));
    }

    @Override
    public void progressed(Progress progress) {
        each(listener -> listener.progressed(progress));
    }

    @Override
    public void looked(RunStatus status) {
        each(listener -> listener.looked(status));
    }

    @Override
    public void stale(Ticket ticket) {
        each(listener -> listener.stale(ticket));
    }

    @Override
    public void ended(RunOutcome outcome) {
        each(listener -> listener.ended(outcome));
    }
}
