package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/**
 * What stands in a supervisor's way for a while: a store that takes nothing, stages that rest after a failure. Times are
 * those of the supervisor's own monotonic clock; nothing here is durable. Not for use by several threads.
 */
public final class Troubles {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private final Map<Stage, Duration> restUntil = new HashMap<>();
    private Optional<String> store = Optional.empty();
    private Duration probeAfter = Duration.ZERO;
    private int probes;
    private Optional<String> journal = Optional.empty();
    private int journalFailures;

    /** A stage has failed; {@code state} is the one after that. */
    void stageFailed(RunState state, StageFailed failed, Duration now) {
        if (failed.category() == Category.STORE_FULL || failed.category() == Category.STORE_UNAVAILABLE) {
            store = Optional.of(failed.reason());
            probeAfter = now.plus(wait(probes++));
        }
        Stage stage = failed.ticket().stage();
        if (state.stage(stage) instanceof Waiting waiting) {
            restUntil.put(stage, now.plusSeconds(FailurePolicy.pauseSeconds(waiting.failures())));
        }
    }

    /** Whether it is time to ask the store whether it takes objects again. */
    public boolean wantsProbe(Duration now) {
        return store.isPresent() && now.compareTo(probeAfter) >= 0;
    }

    /** What the store answered. */
    public void storeIsUsable(boolean usable, Duration now) {
        if (usable) {
            store = Optional.empty();
        } else {
            probeAfter = now.plus(wait(probes++));
        }
    }

    /** The journal failed; how long to leave it alone. */
    Duration journalFailed(String reason) {
        journal = Optional.of(reason);
        return wait(journalFailures++);
    }

    /** The journal can be read, which says nothing of writing: the next failure waits longer all the same. */
    void journalRead() {
        journal = Optional.empty();
    }

    /** The journal was written. */
    void journalWritten() {
        journal = Optional.empty();
        journalFailures = 0;
    }

    private static Duration wait(int times) {
        Duration wait = Duration.ofSeconds(1L << Math.min(6, times));
        return wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT;
    }

    /** A stage has committed, so the store takes objects. */
    void committed() {
        probes = 0;
    }

    /** In words, when there is any. */
    public Optional<String> text() {
        return journal.map(reason -> "the ledger cannot be written: " + reason).or(() -> store);
    }

    /** What the next step depends on. An attempt counts as hung only while its worker can be told things. */
    Situation situation(RunState state, Fleet fleet, Watchdog watchdog, Optional<String> stopRequested, Duration now) {
        SortedMap<String, WorkerView> reachable = fleet.reachable(now);
        List<Ticket> heard = state.running().stream()
                .filter(running -> reachable.containsKey(running.worker()))
                .map(Running::ticket)
                .toList();
        Map<Ticket, Loss> lost = new HashMap<>();
        watchdog.hung(heard, now)
                .forEach((ticket, reason) ->
                        lost.put(ticket, new Loss(Category.HUNG, reason, watchdog.evidence(ticket), true)));
        fleet.lost(state, now)
                .forEach((ticket, reason) -> lost.put(
                        ticket,
                        new Loss(Category.WORKER_LOST, reason, watchdog.evidence(ticket), !fleet.isExcused(ticket))));
        restUntil.values().removeIf(until -> until.compareTo(now) <= 0);
        Set<Stage> resting = new HashSet<>(restUntil.keySet());
        return new Situation(reachable, lost, resting, store.isEmpty(), stopRequested);
    }
}
