package io.blocksmith.run;

import io.blocksmith.run.Command.AbandonAttempt;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.Complete;
import io.blocksmith.run.Command.StartStage;
import io.blocksmith.run.Command.Stop;
import io.blocksmith.run.Event.StopCause;
import io.blocksmith.run.FailurePolicy.Verdict;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/** What to do next in a run: a pure function of its plan, its state and the workers that are there. */
public record Decisions(Plan plan, FailurePolicy policy) {

    /**
     * The commands that are right now, in order. Whoever executes them asks again after every event: a decision is
     * never remembered, and deciding twice on the same state gives the same commands.
     *
     * @param workers names of the workers that can be reached; one attempt runs on each
     * @param stopRequested why somebody wants the run to rest, if anybody does
     */
    public List<Command> decide(RunState state, SortedSet<String> workers, Optional<String> stopRequested) {
        if (state.phase() != Phase.RUNNING) {
            return List.of();
        }
        List<Command> lost = state.running().stream()
                .filter(running -> !workers.contains(running.worker()))
                .<Command>map(running -> new AbandonAttempt(
                        running.ticket(), running.worker(), "worker " + running.worker() + " was lost"))
                .toList();
        if (!lost.isEmpty()) {
            return lost;
        }
        Optional<Stop> stop = givenUp(state)
                .map(reason -> new Stop(StopCause.FAILURE, reason))
                .or(() -> stopRequested.map(reason -> new Stop(StopCause.REQUESTED, reason)));
        if (plan.isDone(state)) {
            return List.of(new Complete());
        }
        if (stop.isPresent()) {
            return state.running().isEmpty() ? List.of(stop.get()) : cancelAll(state);
        }
        return start(state, workers);
    }

    private Optional<String> givenUp(RunState state) {
        for (Stage stage : plan.stages()) {
            if (state.stage(stage) instanceof Waiting waiting
                    && policy.judge(stage, waiting.failures()) instanceof Verdict.GiveUp(String reason)) {
                return Optional.of(reason);
            }
        }
        return Optional.empty();
    }

    private static List<Command> cancelAll(RunState state) {
        return state.running().stream()
                .<Command>map(running -> new CancelAttempt(running.ticket(), running.worker()))
                .toList();
    }

    private List<Command> start(RunState state, SortedSet<String> workers) {
        Deque<String> free = new ArrayDeque<>(workers);
        free.removeAll(state.running().stream().map(Running::worker).toList());
        List<Command> starts = new ArrayList<>();
        for (Stage stage : plan.ready(state)) {
            if (free.isEmpty()) {
                break;
            }
            starts.add(new StartStage(state.nextTicket(stage), free.removeFirst()));
        }
        return starts;
    }
}
