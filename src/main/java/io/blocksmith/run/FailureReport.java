package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.RunState.Rest;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.StageState.Failure;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Why a run stopped when one of its stages failed for good; follows from the events alone.
 *
 * @param stage the stage's key
 * @param block of the stage, from 0; -1 when it is about the whole model
 * @param category of the latest failure
 * @param at when the run stopped, by its supervisor's clock
 * @param whatToDo for a person
 * @param attempts that failed since a person last started the run, oldest first
 */
public record FailureReport(
        String run,
        String stage,
        int block,
        Category category,
        String reason,
        Instant at,
        String whatToDo,
        List<Attempt> attempts) {
    public FailureReport {
        attempts = List.copyOf(attempts);
    }

    /**
     * One try.
     *
     * @param stage its key
     * @param step the last step it told of, 0 before the first
     * @param savedStep the step of its newest durable checkpoint, 0 when it saved nothing
     * @param losses the last training losses, oldest first
     * @param adjustment how it differed from the recipe
     */
    public record Attempt(
            String stage,
            int attempt,
            String worker,
            Category category,
            String reason,
            Instant at,
            long step,
            long savedStep,
            List<Double> losses,
            Adjustment adjustment) {
        public Attempt {
            losses = List.copyOf(losses);
        }
    }

    /** The report of the run with these events; empty unless it rests because a stage failed. */
    public static Optional<FailureReport> of(List<Event> events) {
        RunState state = RunState.empty();
        for (Event event : events) {
            state = state.after(event);
        }
        Optional<Rest> rest = state.rest().filter(why -> why.cause() == RestCause.FAILURE);
        if (state.phase() != Phase.STOPPED || rest.isEmpty()) {
            return Optional.empty();
        }
        String run = state.run();
        return culprit(state, rest.get()).map(failed -> report(run, rest.get(), failed, attempts(events)));
    }

    /** Every attempt of the run that failed or left a damaged result, oldest first, also those long forgiven. */
    public static List<Attempt> attempts(List<Event> events) {
        RunState state = RunState.empty();
        List<Attempt> attempts = new ArrayList<>();
        for (Event event : events) {
            if (event instanceof StageFailed failed
                    && state.stage(failed.ticket().stage()) instanceof Running running) {
                attempts.add(new Attempt(
                        failed.ticket().stage().key(),
                        failed.ticket().attempt(),
                        failed.worker(),
                        failed.category(),
                        failed.reason(),
                        failed.at(),
                        failed.evidence().step(),
                        failed.evidence().savedStep(),
                        failed.evidence().losses(),
                        running.adjustment()));
            } else if (event instanceof StageDamaged damaged
                    && state.stage(damaged.source()) instanceof Committed source) {
                attempts.add(new Attempt(
                        damaged.source().key(),
                        source.attempts(),
                        source.worker(),
                        Category.DAMAGED,
                        damaged.reason(),
                        damaged.at(),
                        0,
                        0,
                        List.of(),
                        source.adjustment()));
            }
            state = state.after(event);
        }
        return attempts;
    }

    /** The stage that the reason names; the policy's reasons begin with its key. */
    private static Optional<Map.Entry<Stage, Waiting>> culprit(RunState state, Rest rest) {
        return state.stages().entrySet().stream()
                .filter(entry -> entry.getValue() instanceof Waiting waiting
                        && !waiting.failures().isEmpty())
                .map(entry -> Map.entry(entry.getKey(), (Waiting) entry.getValue()))
                .max(Comparator.comparing((Map.Entry<Stage, Waiting> entry) ->
                                rest.reason().startsWith(entry.getKey().key() + " "))
                        .thenComparing(
                                entry -> entry.getValue().failures().getLast().at()));
    }

    private static FailureReport report(
            String run, Rest rest, Map.Entry<Stage, Waiting> failed, List<Attempt> attempts) {
        Stage stage = failed.getKey();
        List<Failure> failures = failed.getValue().failures();
        Category category = failures.getLast().category();
        Set<Integer> counted = failures.stream().map(Failure::attempt).collect(Collectors.toSet());
        return new FailureReport(
                run,
                stage.key(),
                block(stage),
                category,
                rest.reason(),
                rest.since(),
                whatToDo(category),
                attempts.stream()
                        .filter(attempt -> attempt.stage().equals(stage.key()) && counted.contains(attempt.attempt()))
                        .toList());
    }

    private static int block(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock(int block) -> block;
            case Stage.RepairBlock(int block) -> block;
            case Stage.Capture _, Stage.EndToEnd _, Stage.Export _, Stage.Evaluate _, Stage.Report _ -> -1;
        };
    }

    private static String whatToDo(Category category) {
        return switch (category) {
            case USER -> "mend the input that the reason names, then start the run again; what has committed is kept";
            case ENVIRONMENT ->
                "mend the machine as the reason says, or use others, then start the run again; what has committed is"
                        + " kept";
            case TRANSIENT, HUNG ->
                "look at the log and the machine of the workers named below, then start the run again: it goes on from"
                        + " the last checkpoint with all its tries";
            case NOT_FINITE ->
                "the recipe does not fit the model here: start another run with lower learning rates, larger groups or"
                        + " float32 numerics, and look at the model's weights in this block";
            case DEVICE_MEMORY ->
                "use a device with more memory, or start another run with a shorter calibration.sequence-length";
            case STORE_FULL, STORE_UNAVAILABLE -> "make the store writable, then start the run again";
            case WORKER_LOST ->
                "find out what ends the workers (memory, the scheduler, the network), then start the run again: it"
                        + " goes on from the last checkpoint";
            case DAMAGED ->
                "objects of this run do not stay as they were written: check the disk, run `blocksmith verify`, then"
                        + " start the run again";
            case DEFECT -> "this is a defect of Blocksmith: please report it with this file and the logs";
        };
    }
}
