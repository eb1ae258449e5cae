package io.blocksmith.run;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Saved;
import io.blocksmith.run.StageState.Waiting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A run as the fold of its events. Legal transitions:
 *
 * <pre>
 * NEW                         RunSubmitted       → SUBMITTED
 * all but NEW                 SupervisorStarted  → RUNNING, or PAUSED as before; epoch must rise; attempts go on;
 *                                                  out of STOPPED, failures are forgiven; out of COMPLETED only to
 *                                                  do a stage again
 * RUNNING                     StageStarted       stage waiting → running: next attempt, current epoch
 * RUNNING, PAUSED             StageCommitted     stage running by this ticket → committed
 * RUNNING, PAUSED             StageFailed        stage running by this ticket → waiting, failure counted
 * RUNNING, PAUSED             StageCancelled     stage running by this ticket → waiting
 * RUNNING, PAUSED             StageDamaged       the same, and the source: committed → waiting, failure counted
 * RUNNING, PAUSED             StageReset         stage waiting or committed → waiting, failures forgotten
 * RUNNING                     RunPaused          → PAUSED
 * PAUSED by the store         RunPaused          → PAUSED by a person
 * PAUSED                      RunResumed         → RUNNING
 * RUNNING, PAUSED             RunStopped         → STOPPED    nothing running
 * RUNNING, PAUSED             RunCompleted       → COMPLETED  nothing running; final
 * any                         WorkerDrained, WorkerReturned
 * </pre>
 *
 * Every other event throws. A ticket of an older attempt is never the one that runs, so it cannot commit.
 *
 * @param run name; empty in NEW
 * @param epoch of the latest supervisor, 0 before the first
 * @param holder the latest supervisor, for people
 * @param stages those that an event has named, in the order of their first event
 * @param drained workers that get no work
 * @param rest why the run is PAUSED or STOPPED, empty in other phases
 */
public record RunState(
        Phase phase,
        String run,
        String identityDigest,
        int blocks,
        long epoch,
        String holder,
        Map<Stage, StageState> stages,
        SortedSet<String> drained,
        Optional<Rest> rest) {

    /** Where the run as a whole stands. */
    public enum Phase {
        NEW,
        SUBMITTED,
        RUNNING,
        /** Supervised, but nothing is started; attempts may still be on their way to their end. */
        PAUSED,
        STOPPED,
        COMPLETED
    }

    /** Why, in the words of whoever caused it, and since when. */
    public record Rest(RestCause cause, String reason, Instant since) {}

    public RunState {
        stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages));
        drained = Collections.unmodifiableSortedSet(new TreeSet<>(drained));
    }

    /** Before the first event. */
    public static RunState empty() {
        return new RunState(Phase.NEW, "", "", 0, 0, "", Map.of(), new TreeSet<>(), Optional.empty());
    }

    /** Never null: a stage that no event has named waits with 0 attempts. */
    public StageState stage(Stage stage) {
        return stages.getOrDefault(stage, StageState.untouched());
    }

    public boolean isCommitted(Stage stage) {
        return stage(stage) instanceof Committed;
    }

    /** Whether {@code ticket} is the attempt that runs now; everything else that reports is stale. */
    public boolean isRunning(Ticket ticket) {
        return stage(ticket.stage()) instanceof Running running
                && running.ticket().equals(ticket);
    }

    /** Whether a supervisor holds the run: RUNNING or PAUSED. */
    public boolean isSupervised() {
        return phase == Phase.RUNNING || phase == Phase.PAUSED;
    }

    public List<Running> running() {
        return select(Running.class);
    }

    public List<Committed> committed() {
        return select(Committed.class);
    }

    /** The result of a committed stage. */
    public Optional<StageResult> result(Stage stage) {
        return stage(stage) instanceof Committed committed ? Optional.of(committed.result()) : Optional.empty();
    }

    /** Asked for on every message of a run, hence a plain loop. */
    private <S extends StageState> List<S> select(Class<S> kind) {
        List<S> selected = new ArrayList<>();
        for (StageState state : stages.values()) {
            if (kind.isInstance(state)) {
                selected.add(kind.cast(state));
            }
        }
        return Collections.unmodifiableList(selected);
    }

    /** The ticket of the next attempt at {@code stage} under the present supervisor. */
    public Ticket nextTicket(Stage stage) {
        return new Ticket(run, stage, stage(stage).attempts() + 1, epoch);
    }

    /**
     * The state after one more event.
     *
     * @throws BlocksmithException (a defect) when the event is not legal here, naming both
     */
    public RunState after(Event event) {
        return switch (event) {
            case RunSubmitted submitted -> submitted(submitted);
            case SupervisorStarted started -> supervisedBy(started);
            case StageStarted started -> started(started);
            case StageCommitted committed -> committed(committed);
            case StageFailed failed -> failed(failed);
            case StageCancelled cancelled -> {
                Running running = runningAs(cancelled.ticket(), event);
                yield with(running, running.failures(), cancelled.evidence());
            }
            case StageDamaged damaged -> damaged(damaged);
            case StageReset reset -> {
                require(isSupervised() && !(stage(reset.stage()) instanceof Running), event, "an attempt runs");
                StageState stage = stage(reset.stage());
                yield with(
                        reset.stage(), new Waiting(stage.attempts(), List.of(), Saved.NOTHING, lastCommitted(stage)));
            }
            case RunPaused paused -> {
                // What a person asks for outlasts a store that recovers.
                boolean byPerson = paused.cause() == RestCause.REQUESTED
                        && rest.map(Rest::cause).equals(Optional.of(RestCause.STORE));
                require(
                        phase == Phase.RUNNING || (phase == Phase.PAUSED && byPerson),
                        event,
                        "it must be RUNNING, or paused by the store and now by a person");
                yield with(Phase.PAUSED, Optional.of(new Rest(paused.cause(), paused.reason(), paused.at())));
            }
            case RunResumed _ -> {
                require(phase == Phase.PAUSED, event, "it must be PAUSED");
                yield with(Phase.RUNNING, Optional.empty());
            }
            case WorkerDrained drain -> {
                SortedSet<String> next = new TreeSet<>(drained);
                next.add(drain.worker());
                yield withDrained(next);
            }
            case WorkerReturned returned -> {
                SortedSet<String> next = new TreeSet<>(drained);
                next.remove(returned.worker());
                yield withDrained(next);
            }
            case RunStopped stopped -> {
                require(isSupervised() && running().isEmpty(), event, "it must be supervised, with idle workers");
                yield with(Phase.STOPPED, Optional.of(new Rest(stopped.cause(), stopped.reason(), stopped.at())));
            }
            case RunCompleted _ -> {
                require(isSupervised() && running().isEmpty(), event, "it must be supervised, with idle workers");
                yield with(Phase.COMPLETED, Optional.empty());
            }
        };
    }

    private RunState submitted(RunSubmitted submitted) {
        require(phase == Phase.NEW, submitted, "the run exists already");
        return new RunState(
                Phase.SUBMITTED,
                submitted.run(),
                submitted.identityDigest(),
                submitted.blocks(),
                0,
                "",
                Map.of(),
                drained,
                Optional.empty());
    }

    private RunState supervisedBy(SupervisorStarted started) {
        require(phase != Phase.NEW, started, "it was never submitted");
        require(started.epoch() > epoch, started, "epoch " + epoch + " is held by " + holder);
        Map<Stage, StageState> next = new LinkedHashMap<>(stages);
        if (phase == Phase.STOPPED) {
            // A person restarted a stopped run, presumably after mending what failed: it gets all its tries again.
            next.replaceAll((_, state) -> state instanceof Waiting waiting
                    ? new Waiting(waiting.attempts(), List.of(), waiting.saved(), waiting.before())
                    : state);
        }
        // Only a person ends a pause, and a supervisor that died is none.
        Phase then = phase == Phase.PAUSED ? Phase.PAUSED : Phase.RUNNING;
        return new RunState(
                then,
                run,
                identityDigest,
                blocks,
                started.epoch(),
                started.holder(),
                next,
                drained,
                then == Phase.PAUSED ? rest : Optional.empty());
    }

    private RunState started(StageStarted started) {
        Stage stage = started.ticket().stage();
        require(phase == Phase.RUNNING, started, "it must be RUNNING");
        require(
                stage(stage) instanceof Waiting && started.ticket().equals(nextTicket(stage)),
                started,
                "the next ticket is " + nextTicket(stage));
        Waiting waiting = (Waiting) stage(stage);
        double factor = started.adjustment().learningRateFactor();
        return with(
                stage,
                new Running(
                        started.ticket(),
                        started.worker(),
                        started.numerics(),
                        started.adjustment(),
                        started.at(),
                        waiting.failures(),
                        waiting.saved().learningRateFactor() == factor ? waiting.saved() : Saved.NOTHING,
                        waiting.before()));
    }

    private RunState committed(StageCommitted committed) {
        Running running = runningAs(committed.ticket(), committed);
        return with(
                committed.ticket().stage(),
                new Committed(
                        committed.ticket(),
                        running.worker(),
                        running.numerics(),
                        running.adjustment(),
                        running.since(),
                        committed.at(),
                        running.failures(),
                        committed.result()));
    }

    private RunState failed(StageFailed failed) {
        Running running = runningAs(failed.ticket(), failed);
        List<Failure> failures = new ArrayList<>(running.failures());
        failures.add(new Failure(
                failed.ticket().attempt(),
                failed.category(),
                failed.reason(),
                failed.worker(),
                failed.at(),
                failed.evidence(),
                saved(running, failed.evidence()).step()));
        return with(running, failures, failed.evidence());
    }

    private RunState damaged(StageDamaged damaged) {
        Running running = runningAs(damaged.ticket(), damaged);
        require(isCommitted(damaged.source()), damaged, "that stage has no result");
        Committed source = (Committed) stage(damaged.source());
        List<Failure> failures = new ArrayList<>(source.failures());
        // Its commit was progress. What still counts is damage, and what a batch has to be cut into.
        failures.removeIf(
                failure -> failure.category() != Category.DAMAGED && failure.category() != Category.DEVICE_MEMORY);
        failures.add(new Failure(
                source.attempts(),
                Category.DAMAGED,
                damaged.reason(),
                source.worker(),
                damaged.at(),
                Evidence.NONE,
                0));
        return with(running, running.failures(), Evidence.NONE)
                .with(
                        damaged.source(),
                        new Waiting(source.attempts(), failures, Saved.NOTHING, Optional.of(source.adjustment())));
    }

    private Running runningAs(Ticket ticket, Event event) {
        require(isSupervised() && isRunning(ticket), event, "that attempt does not run");
        return (Running) stage(ticket.stage());
    }

    /** The attempt is over without a result; what it saved stays. */
    private RunState with(Running ended, List<Failure> failures, Evidence evidence) {
        return with(
                ended.ticket().stage(),
                new Waiting(ended.attempts(), failures, saved(ended, evidence), ended.before()));
    }

    /** The newest durable checkpoint once {@code ended} is over; an attempt that never spoke has lost nothing. */
    private static Saved saved(Running ended, Evidence evidence) {
        return evidence.savedStep() > ended.saved().step()
                ? new Saved(
                        evidence.savedStep(),
                        ended.numerics(),
                        ended.adjustment().learningRateFactor())
                : ended.saved();
    }

    private static Optional<Adjustment> lastCommitted(StageState stage) {
        return switch (stage) {
            case Waiting waiting -> waiting.before();
            case Running running -> running.before();
            case Committed committed -> Optional.of(committed.adjustment());
        };
    }

    private RunState with(Stage stage, StageState state) {
        Map<Stage, StageState> next = new LinkedHashMap<>(stages);
        next.put(stage, state);
        return new RunState(phase, run, identityDigest, blocks, epoch, holder, next, drained, rest);
    }

    private RunState with(Phase nextPhase, Optional<Rest> nextRest) {
        return new RunState(nextPhase, run, identityDigest, blocks, epoch, holder, stages, drained, nextRest);
    }

    private RunState withDrained(SortedSet<String> next) {
        return new RunState(phase, run, identityDigest, blocks, epoch, holder, stages, next, rest);
    }

    private void require(boolean legal, Event event, String because) {
        if (!legal) {
            throw BlocksmithException.defect(
                    "run '%s' in %s (epoch %d, running %s) cannot take %s: %s",
                    run, phase, epoch, running().stream().map(Running::ticket).toList(), event, because);
        }
    }
}
