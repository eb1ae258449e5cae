package io.blocksmith.run;

import io.blocksmith.run.Command.AbandonAttempt;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.Complete;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Command.Pause;
import io.blocksmith.run.Command.Resume;
import io.blocksmith.run.Command.StartStage;
import io.blocksmith.run.Command.Stop;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.FailurePolicy.Verdict;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What to do next in a run: a pure function of its plan, its state and its situation. */
public record Decisions(Plan plan, FailurePolicy policy) {

    /**
     * The commands that are right now, in order. Whoever executes them asks again after every event: a decision is
     * never remembered, and deciding twice on the same state gives the same commands.
     */
    public List<Command> decide(RunState state, Situation situation) {
        if (!state.isSupervised()) {
            return List.of();
        }
        List<Command> commands = new ArrayList<>();
        for (Running running : state.running()) {
            Loss loss = situation.lost().get(running.ticket());
            if (loss != null) {
                commands.add(new AbandonAttempt(running.ticket(), running.worker(), loss));
            }
        }
        if (!commands.isEmpty()) {
            return commands;
        }
        commands.addAll(callBack(state, situation));
        if (plan.isDone(state)) {
            return state.running().isEmpty() ? List.of(new Complete()) : commands;
        }
        Optional<Stop> stop = givenUp(state)
                .map(reason -> new Stop(RestCause.FAILURE, reason))
                .or(() -> situation.stopRequested().map(reason -> new Stop(RestCause.REQUESTED, reason)));
        if (stop.isPresent()) {
            return state.running().isEmpty() ? List.of(stop.get()) : joined(commands, cancelAll(state, situation));
        }
        if (state.phase() == Phase.PAUSED) {
            if (state.rest().orElseThrow().cause() == RestCause.STORE) {
                // What still trains may yet find room; it fails by itself when it does not.
                return situation.storeUsable() ? List.of(new Resume()) : commands;
            }
            return joined(commands, cancelAll(state, situation));
        }
        Optional<String> storeFailure = situation.storeUsable() ? Optional.empty() : awaitingStore(state);
        if (storeFailure.isPresent()) {
            return List.of(new Pause(storeFailure.get()));
        }
        return joined(commands, start(state, situation));
    }

    private static List<Command> joined(List<Command> first, List<Command> second) {
        List<Command> all = new ArrayList<>(first);
        second.stream().filter(command -> !all.contains(command)).forEach(all::add);
        return all;
    }

    /** Ends what workers do in vain: attempts and help that the ledger does not know, and attempts on drained workers. */
    private static List<Command> callBack(RunState state, Situation situation) {
        List<Command> commands = new ArrayList<>();
        situation.workers().forEach((worker, view) -> {
            for (Ticket ticket : view.holds().stream()
                    .sorted(Comparator.comparing(Ticket::toString))
                    .toList()) {
                if (!state.isRunning(ticket) || state.drained().contains(worker)) {
                    commands.add(new CancelAttempt(ticket, worker));
                }
            }
            view.assists()
                    .filter(ticket -> !state.isRunning(ticket)
                            || state.phase() != Phase.RUNNING
                            || state.drained().contains(worker))
                    .ifPresent(ticket -> commands.add(new EndAssist(ticket, worker)));
        });
        return commands;
    }

    private Optional<String> givenUp(RunState state) {
        for (Stage stage : plan.stages()) {
            if (state.stage(stage) instanceof Waiting waiting
                    && policy.judge(stage, waiting) instanceof Verdict.GiveUp(String reason)) {
                return Optional.of(reason);
            }
        }
        return Optional.empty();
    }

    private Optional<String> awaitingStore(RunState state) {
        for (Stage stage : plan.stages()) {
            if (state.stage(stage) instanceof Waiting waiting
                    && policy.judge(stage, waiting) instanceof Verdict.AwaitStore(String reason)) {
                return Optional.of(reason);
            }
        }
        return Optional.empty();
    }

    private static List<Command> cancelAll(RunState state, Situation situation) {
        return state.running().stream()
                .filter(running -> situation.workers().containsKey(running.worker()))
                .<Command>map(running -> new CancelAttempt(running.ticket(), running.worker()))
                .toList();
    }

    private List<Command> start(RunState state, Situation situation) {
        Map<String, WorkerView> free = new TreeMap<>();
        Map<String, WorkerView> assisting = new TreeMap<>();
        Set<String> busy = new HashSet<>();
        state.running().forEach(running -> busy.add(running.worker()));
        situation.workers().forEach((name, view) -> {
            if (busy.contains(name) || state.drained().contains(name)) {
                return;
            }
            if (view.isFree()) {
                free.put(name, view);
            } else if (view.holds().isEmpty() && view.assists().isPresent() && !view.quarantined()) {
                assisting.put(name, view);
            }
        });
        List<Command> commands = new ArrayList<>();
        for (Stage stage : plan.ready(state)) {
            Waiting waiting = (Waiting) state.stage(stage);
            if (situation.resting().contains(stage)) {
                continue;
            }
            Set<String> avoided = avoided(state, situation, stage, waiting);
            Optional<String> worker = choose(free, waiting, avoided);
            if (worker.isPresent()) {
                String numerics = free.remove(worker.get()).numerics();
                Adjustment adjustment = FailurePolicy.adjustment(waiting);
                commands.add(
                        new StartStage(new Assignment(state.nextTicket(stage), adjustment), worker.get(), numerics));
                continue;
            }
            // A stage of its own is worth more than a share in another; the worker is free when it has answered.
            choose(assisting, waiting, avoided).ifPresent(called -> {
                Ticket shared = assisting.remove(called).assists().orElseThrow();
                commands.add(new EndAssist(shared, called));
            });
        }
        commands.addAll(moveFromSlow(state, situation, free));
        commands.addAll(assist(state, free));
        return commands;
    }

    /** The workers that must not get the stage; none when there are no others to wait for. */
    private Set<String> avoided(RunState state, Situation situation, Stage stage, Waiting waiting) {
        if (!(policy.judge(stage, waiting) instanceof Verdict.Retry(var _, Set<String> avoided))) {
            return Set.of();
        }
        boolean othersExist = situation.workers().entrySet().stream()
                .anyMatch(entry -> !avoided.contains(entry.getKey())
                        && !state.drained().contains(entry.getKey())
                        && !entry.getValue().quarantined()
                        && isAble(entry.getValue(), waiting));
        return othersExist ? avoided : Set.of();
    }

    /** The best of {@code workers} for a stage: of the right numerics, and rather not the one it failed on. */
    private static Optional<String> choose(Map<String, WorkerView> workers, Waiting waiting, Set<String> avoided) {
        String last = FailurePolicy.lastWorker(waiting.failures()).orElse("");
        List<String> able = workers.entrySet().stream()
                .filter(entry -> isAble(entry.getValue(), waiting))
                .map(Map.Entry::getKey)
                .filter(name -> !avoided.contains(name))
                .sorted(Comparator.comparing((String name) -> workers.get(name).slow())
                        .thenComparing(name -> name.equals(last))
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
        return able.stream().findFirst();
    }

    /** Whether the worker may go on from what an earlier attempt saved, if the next attempt goes on from it. */
    private static boolean isAble(WorkerView worker, Waiting waiting) {
        boolean startsAnew = waiting.saved().step() == 0
                || waiting.saved().learningRateFactor()
                        != FailurePolicy.adjustment(waiting).learningRateFactor();
        return startsAnew || waiting.saved().numerics().equals(worker.numerics());
    }

    /** Takes blocks from slow workers when a better one has nothing to do; they go on from what they saved. */
    private static List<Command> moveFromSlow(RunState state, Situation situation, Map<String, WorkerView> free) {
        List<Command> commands = new ArrayList<>();
        for (Running running : state.running()) {
            WorkerView holder = situation.workers().get(running.worker());
            boolean movable = running.ticket().stage() instanceof Stage.TrainBlock
                    || running.ticket().stage() instanceof Stage.RepairBlock;
            if (movable && holder != null && holder.slow()) {
                Optional<String> better = free.entrySet().stream()
                        .filter(entry -> !entry.getValue().slow()
                                && entry.getValue().numerics().equals(running.numerics()))
                        .map(Map.Entry::getKey)
                        .findFirst();
                better.ifPresent(name -> {
                    free.remove(name);
                    commands.add(new CancelAttempt(running.ticket(), running.worker()));
                });
            }
        }
        return commands;
    }

    private static List<Command> assist(RunState state, Map<String, WorkerView> free) {
        List<Command> commands = new ArrayList<>();
        for (Running running : state.running()) {
            if (running.ticket().stage() instanceof Stage.EndToEnd) {
                free.forEach((name, view) -> {
                    if (view.numerics().equals(running.numerics())) {
                        commands.add(new Assist(new Assignment(running.ticket(), running.adjustment()), name));
                    }
                });
            }
        }
        return commands;
    }
}
