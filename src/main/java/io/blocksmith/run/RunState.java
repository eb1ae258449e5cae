package io.blocksmith.run;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A run as the fold of its events. Legal transitions:
 *
 * <pre>
 * NEW                           RunSubmitted       → SUBMITTED
 * SUBMITTED, RUNNING, STOPPED   SupervisorStarted  → RUNNING    epoch must rise; running attempts go back to waiting;
 *                                                               out of STOPPED, failures are forgiven
 * RUNNING                       StageStarted       → RUNNING    stage waiting → running, next attempt, current epoch
 * RUNNING                       StageCommitted     → RUNNING    stage running by this ticket → committed
 * RUNNING                       StageFailed        → RUNNING    stage running by this ticket → waiting, failure
 * counted RUNNING                       StageCancelled     → RUNNING    stage running by this ticket → waiting
 * RUNNING                       RunStopped         → STOPPED    nothing running
 * RUNNING                       RunCompleted       → COMPLETED  nothing running; final
 * </pre>
 *
 * Every other event throws. A ticket of an older attempt or epoch is never the one that runs, so it cannot commit.
 *
 * @param run name; empty in NEW
 * @param epoch of the latest supervisor, 0 before the first
 * @param holder the latest supervisor, for people
 * @param stages those that an event has named, in the order of their first event
 * @param rest why the run is STOPPED, empty in other phases
 */
public record RunState(
        Phase phase,
        String run,
        String identityDigest,
        int blocks,
        long epoch,
        String holder,
        Map<Stage, StageState> stages,
        Optional<RunStopped> rest) {

    /** Where the run as a whole stands. */
    public enum Phase {
        NEW,
        SUBMITTED,
        RUNNING,
        STOPPED,
        COMPLETED
    }

    public RunState {
        stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages));
    }

    /** Before the first event. */
    public static RunState empty() {
        return new RunState(Phase.NEW, "", "", 0, 0, "", Map.of(), Optional.empty());
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

    public List<Running> running() {
        return select(Running.class).toList();
    }

    public List<Committed> committed() {
        return select(Committed.class).toList();
    }

    /** The result of a committed stage. */
    public Optional<StageResult> result(Stage stage) {
        return stage(stage) instanceof Committed committed ? Optional.of(committed.result()) : Optional.empty();
    }

    private <S extends StageState> Stream<S> select(Class<S> kind) {
        return stages.values().stream().filter(kind::isInstance).map(kind::cast);
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
            case RunSubmitted submitted -> {
                require(phase == Phase.NEW, event, "the run exists already");
                yield new RunState(
                        Phase.SUBMITTED,
                        submitted.run(),
                        submitted.identityDigest(),
                        submitted.blocks(),
                        0,
                        "",
                        Map.of(),
                        Optional.empty());
            }
            case SupervisorStarted started -> supervisedBy(started);
            case StageStarted started -> {
                Ticket ticket = started.ticket();
                require(phase == Phase.RUNNING, event, "no supervisor runs it");
                require(
                        stage(ticket.stage()) instanceof Waiting && ticket.equals(nextTicket(ticket.stage())),
                        event,
                        "the next ticket is " + nextTicket(ticket.stage()));
                Waiting waiting = (Waiting) stage(ticket.stage());
                yield with(ticket.stage(), new Running(ticket, started.worker(), started.at(), waiting.failures()));
            }
            case StageCommitted committed -> {
                Running running = runningAs(committed.ticket(), event);
                yield with(
                        committed.ticket().stage(),
                        new Committed(
                                committed.ticket(),
                                running.worker(),
                                running.since(),
                                committed.at(),
                                committed.result()));
            }
            case StageFailed failed -> {
                Running running = runningAs(failed.ticket(), event);
                List<Failure> failures = new ArrayList<>(running.failures());
                failures.add(new Failure(
                        failed.ticket().attempt(), failed.category(), failed.reason(), failed.worker(), failed.at()));
                yield with(failed.ticket().stage(), new Waiting(running.attempts(), failures));
            }
            case StageCancelled cancelled -> {
                Running running = runningAs(cancelled.ticket(), event);
                yield with(cancelled.ticket().stage(), new Waiting(running.attempts(), running.failures()));
            }
            case RunStopped stopped -> {
                require(phase == Phase.RUNNING && running().isEmpty(), event, "it must be RUNNING with idle workers");
                yield with(Phase.STOPPED, stages, Optional.of(stopped));
            }
            case RunCompleted ignored -> {
                require(phase == Phase.RUNNING && running().isEmpty(), event, "it must be RUNNING with idle workers");
                yield with(Phase.COMPLETED, stages, Optional.empty());
            }
        };
    }

    private RunState supervisedBy(SupervisorStarted started) {
        require(phase != Phase.NEW, started, "it was never submitted");
        require(phase != Phase.COMPLETED, started, "it is complete");
        require(started.epoch() > epoch, started, "epoch " + epoch + " is held by " + holder);
        // A person restarted a stopped run, presumably after mending what failed: it gets all its tries again.
        boolean forgiven = phase == Phase.STOPPED;
        UnaryOperator<StageState> taken = state -> switch (state) {
            case Waiting waiting -> new Waiting(waiting.attempts(), forgiven ? List.of() : waiting.failures());
            case Running running -> new Waiting(running.attempts(), running.failures());
            case Committed committed -> committed;
        };
        Map<Stage, StageState> next = new LinkedHashMap<>(stages);
        next.replaceAll((stage, state) -> taken.apply(state));
        return new RunState(
                Phase.RUNNING, run, identityDigest, blocks, started.epoch(), started.holder(), next, Optional.empty());
    }

    private Running runningAs(Ticket ticket, Event event) {
        require(phase == Phase.RUNNING && isRunning(ticket), event, "that attempt does not run");
        return (Running) stage(ticket.stage());
    }

    private RunState with(Stage stage, StageState state) {
        Map<Stage, StageState> next = new LinkedHashMap<>(stages);
        next.put(stage, state);
        return with(phase, next, rest);
    }

    private RunState with(Phase nextPhase, Map<Stage, StageState> nextStages, Optional<RunStopped> nextRest) {
        return new RunState(nextPhase, run, identityDigest, blocks, epoch, holder, nextStages, nextRest);
    }

    private void require(boolean legal, Event event, String because) {
        if (!legal) {
            throw BlocksmithException.defect(
                    "run '%s' in %s (epoch %d, running %s) cannot take %s: %s",
                    run, phase, epoch, running().stream().map(Running::ticket).toList(), event, because);
        }
    }
}
