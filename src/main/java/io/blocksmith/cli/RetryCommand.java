package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.stage.RunIdentity;
import io.blocksmith.status.StageRetry;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.SpecFile;
import java.util.Optional;
import java.util.concurrent.Callable;
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

    private Request request(ObjectStore store, RunState state) {
        return switch (StageRetry.of(plan(store, state), state, wanted, yes)) {
            case StageRetry.Unknown(String found, String expected) ->
                throw BlocksmithException.user("%s: no such stage; expected: %s", found, expected);
            case StageRetry.Runs(Stage stage, String worker) ->
                throw BlocksmithException.user(
                        "%s runs now on %s: wait for it, or pause the run first", stage.key(), worker);
            case StageRetry.HasResult(Stage stage) ->
                throw BlocksmithException.user(
                        "%s has its result: give --yes to have it made again, which takes as long as the first time",
                        stage.key());
            case StageRetry.Allowed(Stage stage) -> new Request.Retry(Asking.by(), stage);
        };
    }

    /** Only the ledger of a run that was started knows how many blocks there are. */
    private static Optional<Plan> plan(ObjectStore store, RunState state) {
        return state.blocks() == 0
                ? Optional.empty()
                : Optional.of(
                        Plan.of(SpecFile.read(store).identity(RunIdentity.class).recipe(), state.blocks()));
    }
}
