package io.blocksmith.status;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.run.Event;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.StageState;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.RunIdentity;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import io.blocksmith.store.SpecFile;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;

/**
 * A run as its store shows it at one moment, to somebody who may be anywhere.
 *
 * @param at when it was looked at, by the clock of whoever looks
 * @param plan empty while the run was never started, because only its ledger knows how many blocks there are
 * @param live the last heartbeat
 * @param shown what the supervisor said with it; empty also when it is in the shape of another Blocksmith
 * @param pulse what the heartbeat means
 * @param age of the heartbeat, by the clocks of two machines at the first look and by the looker's own from then on
 * @param requests not yet fulfilled, oldest first
 */
public record RunSight(
        String where,
        Instant at,
        Recipe recipe,
        Optional<Plan> plan,
        List<Event> events,
        RunState state,
        Optional<LiveStatus> live,
        Optional<LiveRun> shown,
        Pulse pulse,
        Duration age,
        Optional<FailureReport> failure,
        Map<String, Request> requests) {
    private static final Duration STALE = Duration.ofSeconds(20);

    /** Whether anybody supervises the run. */
    public enum Pulse {
        /** Nobody ever has. */
        NONE,
        /** The last supervisor ended in order. */
        RELEASED,
        /** The last one was a process of this machine, which is no more. */
        GONE,
        /**
         * The last heartbeat is old: its sender is dead, frozen or cut off, or the clocks differ. Or another Blocksmith
         * wrote it in a shape without a time that this one can read, so that nothing says that it is new.
         */
        STALE,
        LIVE
    }

    /** Looks once, as somebody who never looked before. */
    public static RunSight of(
            String where, ObjectStore store, Ledger ledger, Lease.Processes processes, InstantSource clock) {
        return of(where, store, ledger, new HeartbeatWatch(System::nanoTime), processes, clock);
    }

    /**
     * Looks once more.
     *
     * @param ledger one over {@code store}, kept between looks because it reads each record once
     * @param watch kept between looks, too
     */
    public static RunSight of(
            String where,
            ObjectStore store,
            Ledger ledger,
            HeartbeatWatch watch,
            Lease.Processes processes,
            InstantSource clock) {
        Recipe recipe = SpecFile.read(store).identity(RunIdentity.class).recipe();
        // The heartbeat first: what it tells of is in the ledger by then.
        Optional<LiveStatus> live = LiveStatus.read(store);
        List<Event> events = ledger.events();
        RunState state = ledger.read();
        Optional<LiveRun> shown = live.flatMap(status -> status.status(LiveRun.class));
        Instant now = clock.instant();
        Duration age = shown.map(run -> Duration.between(run.at(), now))
                .map(found -> found.isNegative() ? Duration.ZERO : found)
                .map(byClocks -> watch.age(live.orElseThrow(), byClocks))
                .orElse(Duration.ZERO);
        return new RunSight(
                where,
                now,
                recipe,
                state.blocks() == 0 ? Optional.empty() : Optional.of(Plan.of(recipe, state.blocks())),
                events,
                state,
                live,
                shown,
                live.map(status -> pulse(status, shown.isPresent(), age, processes))
                        .orElse(Pulse.NONE),
                age,
                FailureReport.of(events),
                new RequestBox(store, clock, UUID::randomUUID).shown());
    }

    private static Pulse pulse(LiveStatus status, boolean isReadable, Duration age, Lease.Processes processes) {
        if (status.released()) {
            return Pulse.RELEASED;
        }
        boolean here = status.host().equals(processes.host());
        boolean alive = status.pid() == ProcessHandle.current().pid() || processes.isAlive(status.pid());
        if (here && !alive) {
            return Pulse.GONE;
        }
        return !isReadable || age.compareTo(STALE) > 0 ? Pulse.STALE : Pulse.LIVE;
    }

    /** The attempts that the ledger knows and a supervisor has lately told of. */
    public List<LiveRun.Attempt> attempts() {
        return shown.map(LiveRun::attempts).orElse(List.of()).stream()
                .filter(attempt -> state.isRunning(attempt.progress().ticket()))
                .toList();
    }

    private List<Progress> progress() {
        return attempts().stream().map(LiveRun.Attempt::progress).toList();
    }

    /** The share of the work that is done, from 0 to 1; NaN while the run was never started. */
    public double fraction() {
        return plan.map(known -> work(known).fraction(state, progress())).orElse(Double.NaN);
    }

    public RunWork work(Plan known) {
        return new RunWork(known, recipe);
    }

    /** The time left by the present supervisor's own estimate; empty while nobody supervises the run or it rests. */
    public OptionalDouble secondsLeft() {
        boolean moves = pulse == Pulse.LIVE && state.phase() == RunState.Phase.RUNNING;
        return shown.filter(run -> moves && run.secondsLeft() != null)
                .map(run -> OptionalDouble.of(run.secondsLeft()))
                .orElse(OptionalDouble.empty());
    }

    /** A failure and where it was. */
    public record Failed(String stage, Failure failure) {}

    /** The latest failures that the run remembers, newest first. */
    public List<Failed> failures(int most) {
        return state.stages().entrySet().stream()
                .flatMap(entry -> failures(entry.getValue()).stream()
                        .map(failure -> new Failed(entry.getKey().key(), failure)))
                .sorted(Comparator.comparing((Failed failed) -> failed.failure().at())
                        .reversed())
                .limit(most)
                .toList();
    }

    private static List<Failure> failures(StageState stage) {
        return switch (stage) {
            case Waiting waiting -> waiting.failures();
            case Running running -> running.failures();
            case Committed committed -> committed.failures();
        };
    }

    /** Stages of the plan that have committed. */
    public long done() {
        return plan.map(known ->
                        known.stages().stream().filter(state::isCommitted).count())
                .orElse(0L);
    }

    /** Stages of the plan; 0 while the run was never started. */
    public int total() {
        return plan.map(known -> known.stages().size()).orElse(0);
    }
}
