package io.blocksmith.run;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * How long a run takes from now on, by the pace of its attempts since somebody began to watch it, pauses left out. What an
 * attempt had done when it was first heard of is no part of that pace: it may have run for hours, or gone on from a
 * checkpoint. Not for use by several threads.
 */
public final class TimeLeft {
    /** Less than this share of a run tells more of how it started than of its pace. */
    private static final double TELLING = 5e-4;

    private final RunWork work;
    private final LongSupplier nanoTime;
    /** How far attempts under way have come. */
    private final Map<Ticket, RunWork.Share> reached = new HashMap<>();

    private final Set<Stage> committed = new HashSet<>();
    private boolean began;
    private double gained;
    /** Of one attempt; of as many as run side by side, so many at a time. */
    private double seconds;

    private long lastNanos;

    /**
     * Made when somebody begins to watch.
     *
     * @param nanoTime measures durations
     */
    public TimeLeft(RunWork work, LongSupplier nanoTime) {
        this.work = work;
        this.nanoTime = nanoTime;
    }

    /**
     * The run has come this far.
     *
     * @param running the latest word of each running attempt that has spoken
     * @param workers that can be given work, those that have some included
     * @return seconds left; empty while nothing can be said
     */
    public OptionalDouble at(RunState state, Collection<Progress> running, int workers) {
        boolean moves = state.phase() == RunState.Phase.RUNNING;
        long now = nanoTime.getAsLong();
        if (began && moves) {
            seconds += Math.max(1, state.running().size()) * (now - lastNanos) / 1e9;
        }
        lastNanos = now;
        state.committed().forEach(stage -> commit(stage.ticket(), state));
        committed.removeIf(stage -> !state.isCommitted(stage));
        reached.keySet().removeIf(ticket -> !state.isRunning(ticket));
        running.stream()
                .filter(progress -> state.isRunning(progress.ticket()))
                .forEach(progress -> advance(progress.ticket(), work.share(progress, state)));
        began = true;
        return !moves || gained < TELLING
                ? OptionalDouble.empty()
                : OptionalDouble.of(seconds * work.rest(state, running, Math.max(1, workers)) / gained);
    }

    private void commit(Ticket ticket, RunState state) {
        // An attempt of an earlier supervisor may have been done long before there was one again to tell.
        boolean watched = reached.containsKey(ticket) || ticket.epoch() == state.epoch();
        if (committed.add(ticket.stage()) && began && watched) {
            gained += work.part(ticket.stage())
                    * (1 - reached.getOrDefault(ticket, RunWork.Share.NOTHING).sum());
        }
    }

    private void advance(Ticket ticket, RunWork.Share share) {
        RunWork.Share before = reached.getOrDefault(ticket, share);
        gained += work.part(ticket.stage()) * Math.max(0, share.own() - before.own());
        // A phase within an attempt may begin to count anew.
        reached.put(ticket, share.own() > before.own() ? share : before);
    }
}
