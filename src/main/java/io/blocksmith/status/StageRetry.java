package io.blocksmith.status;

import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.spec.ExportFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
     * @param wanted a block's number from 0, or a stage's key
     * @param again whether a result that is there is to be made again
     */
    static StageRetry of(RunState state, String wanted, boolean again) {
        if (wanted.matches("[0-9]{1,6}")) {
            int block = Integer.parseInt(wanted);
            return block < state.blocks()
                    ? judge(state, new Stage.TrainBlock(block), again)
                    : new Unknown("block " + block, "the run has %d blocks, counted from 0".formatted(state.blocks()));
        }
        List<Stage> known = new ArrayList<>(state.stages().keySet());
        known.addAll(possible(state.blocks()));
        return known.stream()
                .filter(stage -> stage.key().equals(wanted))
                .findFirst()
                .map(stage -> judge(state, stage, again))
                .orElseGet(() -> new Unknown(
                        wanted,
                        "a block's number, or one of block-000, repair-000, end-to-end, export-gptq,"
                                + " evaluate-block-ap, report and the like"));
    }

    private static StageRetry judge(RunState state, Stage stage, boolean again) {
        if (state.stage(stage) instanceof Running running) {
            return new Runs(stage, running.worker());
        }
        return state.isCommitted(stage) && !again ? new HasResult(stage) : new Allowed(stage);
    }

    /** Captures are known once they have run. */
    private static List<Stage> possible(int blocks) {
        return Stream.of(
                        IntStream.range(0, blocks).<Stage>mapToObj(Stage.TrainBlock::new),
                        IntStream.range(0, blocks).<Stage>mapToObj(Stage.RepairBlock::new),
                        Stream.of(ExportFormat.values()).<Stage>map(Stage.Export::new),
                        Stream.of(Stage.Subject.values()).<Stage>map(Stage.Evaluate::new),
                        Stream.<Stage>of(new Stage.EndToEnd(), new Stage.Report()))
                .<Stage>flatMap(stages -> stages)
                .toList();
    }
}
