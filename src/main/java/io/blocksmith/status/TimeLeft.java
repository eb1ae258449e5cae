package io.blocksmith.status;

import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * How long a run takes from now on, by its pace since somebody began to watch it, pauses left out. What an attempt had
 * done when it was first heard of is no part of that pace: it may have run for hours, or gone on from a checkpoint.
 */
public final class TimeLeft {
    private final LongSupplier nanoTime;
    /** How far attempts under way have come. */
    private final Map<Ticket, RunWork.Share> reached = new HashMap<>();

    private final Set<Stage> committed = new HashSet<>();
    private boolean began;
    private double gained;
    private double seconds;
    private long lastNanos;

    /**
     * Made when somebody begins to watch.
     *
     * @param nanoTime measures durations
     */
    public TimeLeft(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * The run has come this far.
     *
     * @param running the latest word of each running attempt that has spoken
     * @return seconds left; empty while nothing can be said
     */
    public OptionalDouble at(RunWork work, RunState state, Collection<Progress> running) {
        boolean moves = state.phase() == RunState.Phase.RUNNING;
        long now = nanoTime.getAsLong();
        if (began && moves) {
            seconds += (now - lastNanos) / 1e9;
        }
        lastNanos = now;
        state.committed().forEach(stage -> commit(work, stage.ticket()));
        committed.removeIf(stage -> !state.isCommitted(stage));
        reached.keySet().removeIf(ticket -> !state.isRunning(ticket));
        running.stream()
                .filter(progress -> state.isRunning(progress.ticket()))
                .forEach(progress -> advance(work, progress.ticket(), work.share(progress, state)));
        began = true;
        return !moves || gained <= 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(seconds * (1 - work.fraction(state, running)) / gained);
    }

    private void commit(RunWork work, Ticket ticket) {
        if (committed.add(ticket.stage()) && began) {
            gained += work.part(ticket.stage())
                    * (1 - reached.getOrDefault(ticket, RunWork.Share.NOTHING).sum());
        }
    }

    private void advance(RunWork work, Ticket ticket, RunWork.Share share) {
        RunWork.Share before = reached.getOrDefault(ticket, share);
        gained += work.part(ticket.stage()) * Math.max(0, share.own() - before.own());
        // A phase within an attempt may begin to count anew.
        reached.put(ticket, share.own() > before.own() ? share : before);
    }
}
