package io.blocksmith.run.simulation;

import io.blocksmith.run.Adjustment;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Checkpoints and results. A result's bytes are a number that follows from the stage and from what it was built on. */
final class SimulatedStore {

    /** A durable state in the middle of a stage; {@code input} stands for the bytes that it was trained on. */
    record Checkpoint(Ticket ticket, String numerics, double learningRateFactor, int step, long input) {}

    private final Plan plan;
    private final Map<Stage, List<Checkpoint>> checkpoints = new HashMap<>();
    private final Map<Ticket, Long> written = new HashMap<>();
    private final Set<Ticket> damaged = new HashSet<>();

    SimulatedStore(Plan plan) {
        this.plan = plan;
    }

    void save(Checkpoint checkpoint) {
        checkpoints
                .computeIfAbsent(checkpoint.ticket().stage(), _ -> new ArrayList<>())
                .add(checkpoint);
    }

    /** The newest that may be gone on from: of equal numerics, learning rate and input. */
    Optional<Checkpoint> newest(Stage stage, String numerics, Adjustment adjustment, long input) {
        return checkpoints.getOrDefault(stage, List.of()).stream()
                .filter(saved -> saved.numerics().equals(numerics)
                        && saved.learningRateFactor() == adjustment.learningRateFactor()
                        && saved.input() == input)
                .reduce((a, b) -> b.step() >= a.step() ? b : a);
    }

    StageResult write(Ticket ticket, Adjustment adjustment, long input) {
        long value = value(ticket.stage(), adjustment.learningRateFactor(), input);
        written.put(ticket, value);
        return new StageResult(
                List.of(new ObjectRef(ticket.toString(), 8, Long.toHexString(value))),
                Map.of("rate", adjustment.learningRateFactor()));
    }

    static long value(Stage stage, double factor, long input) {
        return Objects.hash(stage.key(), factor) * 0x9E3779B97F4A7C15L + Long.rotateLeft(input, 17) * 31;
    }

    /** The bytes that an attempt wrote under its own name. */
    Optional<Long> written(Ticket ticket) {
        return Optional.ofNullable(written.get(ticket));
    }

    void damage(Ticket ticket) {
        damaged.add(ticket);
    }

    /** A prerequisite of {@code stage} that cannot be read. */
    Optional<Stage> unreadable(Stage stage, RunState state) {
        return plan.stages().stream()
                .filter(reads(stage)::contains)
                .filter(before ->
                        !(state.stage(before) instanceof Committed committed) || damaged.contains(committed.ticket()))
                .findFirst();
    }

    /** What an attempt opens: what it waits for, and for a whole model also the blocks behind it. */
    private Set<Stage> reads(Stage stage) {
        Set<Stage> read = new HashSet<>(plan.prerequisites(stage));
        if (read.contains(new Stage.EndToEnd())) {
            for (int block = 0; block < plan.segments().blocks(); block++) {
                read.add(plan.finalStage(block));
            }
        }
        return read;
    }

    /** What {@code stage} is built on, by the results that are committed now. */
    long input(Stage stage, RunState state) {
        long input = 7;
        for (Stage before : plan.stages()) {
            if (plan.prerequisites(stage).contains(before)) {
                Ticket source = ((Committed) state.stage(before)).ticket();
                input = input * 1_000_003 + written.get(source);
            }
        }
        return input;
    }
}
