package io.blocksmith.store;

import io.blocksmith.run.Boundaries;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Gatherers;
import java.util.stream.Stream;

/**
 * Deletes what nobody will read. Call it only after the commit is durable: a crash before it leaves too much, never too
 * little. Two supervisors may sweep at once.
 *
 * <ul>
 *   <li>Hidden states: those superseded by a committed block, and those of attempts that did not commit.
 *   <li>Checkpoints: those of a committed stage, and those of an attempt that a later one has two complete checkpoints
 *       beyond.
 *   <li>Gradients of E2E-QP, once that has committed: until then an attempt goes on with those of the one before, and
 *       deletes what it is past itself.
 * </ul>
 *
 * The weights that a repair pass trains on stay after it: they are inside the block's committed file, which a damaged
 * repaired block is made anew from.
 */
public final class Retention {
    /** One that is damaged still leaves one. */
    private static final int KEPT_CHECKPOINTS = 2;
    /** Deletions side by side: a bucket answers each after tens of milliseconds. */
    private static final int AT_ONCE = 16;

    private static final String BLOCKS = "blocks/";
    private static final String END_TO_END = "end-to-end/";

    private final ObjectStore store;
    private final Plan plan;

    public Retention(ObjectStore store, Plan plan) {
        this.store = store;
        this.plan = plan;
    }

    /** The names of everything that a sweep may delete. */
    List<String> listed() {
        return Stream.of(RunNames.BOUNDARIES, BLOCKS, END_TO_END)
                .flatMap(prefix -> store.list(prefix).stream())
                .toList();
    }

    /**
     * Deletes what {@code state} does not need.
     *
     * @param listed what was there before {@code state} was known: what an attempt leaves that began later is not in it
     * @return the deleted names
     */
    List<String> sweep(List<String> listed, RunState state) {
        List<Ticket> keeping = keeping(plan, state);
        List<String> superseded = new ArrayList<>(listed.stream()
                .filter(name -> name.startsWith(RunNames.BOUNDARIES) && !isBoundaryOfAny(keeping, name))
                .toList());
        superseded.addAll(workObjects(listed, state));
        return superseded.stream()
                .gather(Gatherers.mapConcurrent(AT_ONCE, name -> {
                    store.delete(name);
                    return name;
                }))
                .toList();
    }

    /** Whether {@code name} is part of a boundary that one of {@code tickets} wrote. */
    static boolean isBoundaryOfAny(List<Ticket> tickets, String name) {
        return tickets.stream().anyMatch(ticket -> RunNames.isBoundaryOf(ticket, name));
    }

    /** The attempts whose hidden states are still wanted. */
    static List<Ticket> keeping(Plan plan, RunState state) {
        Set<Stage> needed = Boundaries.needed(plan, state);
        return Stream.concat(
                        state.committed().stream()
                                .map(Committed::ticket)
                                .filter(ticket -> needed.contains(ticket.stage())),
                        state.running().stream().map(Running::ticket))
                .toList();
    }

    /** Checkpoints and gradients that are done with. */
    private List<String> workObjects(List<String> listed, RunState state) {
        Map<String, Stage> stages = plan.stages().stream()
                .collect(Collectors.toMap(AttemptObject::prefix, Function.identity(), (first, ignored) -> first));
        Map<String, List<AttemptObject>> byStage = listed.stream()
                .filter(name -> name.startsWith(BLOCKS) || name.startsWith(END_TO_END))
                .map(AttemptObject::parse)
                .flatMap(Optional::stream)
                .filter(object -> object.isCheckpoint() || object.isExchange())
                .collect(Collectors.groupingBy(AttemptObject::stage));
        List<String> done = new ArrayList<>();
        byStage.forEach((prefix, objects) -> {
            Stage stage = stages.get(prefix);
            if (stage != null) {
                objects.stream()
                        .filter(object -> isDone(object, stage, objects, state))
                        .map(AttemptObject::name)
                        .forEach(done::add);
            }
        });
        return done.stream().sorted().toList();
    }

    private static boolean isDone(AttemptObject object, Stage stage, Collection<AttemptObject> all, RunState state) {
        if (state.isCommitted(stage)) {
            return true;
        }
        if (object.isExchange()) {
            return false;
        }
        return all.stream()
                        .filter(other -> other.isManifest() && other.attempt() > object.attempt())
                        .count()
                >= KEPT_CHECKPOINTS;
    }
}
