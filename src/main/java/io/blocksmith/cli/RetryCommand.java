package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.spec.ExportFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Asks a run's supervisor to forget what became of a stage. */
@Command(
        name = "retry",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Forgets a stage's failures and its result, and tries it afresh with all its tries.",
            "What was built on an old result stays: the stage leaves the same bytes again."
        })
final class RetryCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Parameters(
            index = "1",
            paramLabel = "STAGE",
            description = "A block's number from 0, or a stage's key as `status` shows it, e.g. end-to-end.")
    private String wanted;

    @Option(names = "--yes", description = "Also when the stage has its result, which is then made again.")
    private boolean yes;

    @Override
    public Integer call() {
        return asking.ask(this::request);
    }

    private Request request(RunState state) {
        Stage stage = stage(state);
        if (state.stage(stage) instanceof Running running) {
            throw BlocksmithException.user(
                    "%s runs now on %s: wait for it, or pause the run first", stage.key(), running.worker());
        }
        if (state.isCommitted(stage) && !yes) {
            throw BlocksmithException.user(
                    "%s has its result: give --yes to have it made again, which takes as long as the first time",
                    stage.key());
        }
        return new Request.Retry(Asking.by(), stage);
    }

    private Stage stage(RunState state) {
        if (wanted.matches("[0-9]{1,6}")) {
            int block = Integer.parseInt(wanted);
            if (block >= state.blocks()) {
                throw BlocksmithException.user(
                        "block %d: the run has %d blocks, counted from 0", block, state.blocks());
            }
            return new Stage.TrainBlock(block);
        }
        List<Stage> known = new ArrayList<>(state.stages().keySet());
        known.addAll(possible(state.blocks()));
        Optional<Stage> found =
                known.stream().filter(stage -> stage.key().equals(wanted)).findFirst();
        return found.orElseThrow(() -> BlocksmithException.user(
                "%s: no such stage; expected a block's number, or one of block-000, repair-000, end-to-end,"
                        + " export-gptq, evaluate-block-ap, report and the like",
                wanted));
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
