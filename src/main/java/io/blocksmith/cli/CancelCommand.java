package io.blocksmith.cli;

import io.blocksmith.run.Request;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Asks a run's supervisor to cancel. */
@Command(
        name = "cancel",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {"Lets a run save what it does, and ends its supervision.", "It can be started again."})
final class CancelCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Override
    public Integer call() {
        return asking.ask(_ -> new Request.Cancel(Asking.by()));
    }
}
