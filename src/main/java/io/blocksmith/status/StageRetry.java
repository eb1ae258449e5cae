package io.blocksmith.status;

import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Whether a person may have a stage tried afresh, decided before it is asked of the run. */
public sealed interface StageRetry {

    /** There is no such stage. */
    record Unknown(String found, String expected) implements StageRetry {}

    /** An attempt is under way. */
    record Runs(Stage stage, String worker) implements StageRetry {}

    /** It has its result, and nobody said that it is to be made again. */
    record HasResult(Stage stage) implements StageRetry {}

    /** Nothing speaks against it. */
    record Allowed(Stage stage) implements StageRetry {}

    /**
     * Judges.
     *
     * @param plan empty while the run was never started
     * @param wanted a block's number from 0, or a stage's key
     * @param again whether a result that is there is to be made again
     */
    static StageRetry of(Optional<Plan> plan, RunState state, String wanted, boolean again) {
        if (plan.isEmpty()) {
            return new Unknown(wanted, "the run was never started, so it has no stages yet");
        }
        if (wanted.matches("[0-9]{1,6}")) {
            int block = Integer.parseInt(wanted);
            return block < state.blocks()
                    ? judge(state, new Stage.TrainBlock(block), again)
                    : new Unknown("block " + block, "the run has %d blocks, counted from 0".formatted(state.blocks()));
        }
        return plan.get().stages().stream()
                .filter(stage -> stage.key().equals(wanted))
                .findFirst()
                .map(stage -> judge(state, stage, again))
                .orElseGet(() ->
                        new Unknown(wanted, "a block's number, or one of this run's stages: " + expected(plan.get())));
    }

    private static StageRetry judge(RunState state, Stage stage, boolean again) {
        if (state.stage(stage) instanceof Running running) {
            return new Runs(stage, running.worker());
        }
        return state.isCommitted(stage) && !again ? new HasResult(stage) : new Allowed(stage);
    }

    /** The first key of each kind, which shows its form. */
    private static String expected(Plan plan) {
        Map<String, String> first = new LinkedHashMap<>();
        plan.stages().forEach(stage -> first.putIfAbsent(stage.kind(), stage.key()));
        return String.join(", ", first.values()) + " and the like";
    }
}
