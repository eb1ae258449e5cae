package io.blocksmith.cli;

import io.blocksmith.run.Request;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Asks a run's supervisor to drain a worker. */
@Command(
        name = "drain",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Gives a worker no more work; what it runs is saved and goes elsewhere.")
final class DrainCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Parameters(index = "1", paramLabel = "WORKER", description = "Its name, as `status` shows it.")
    private String worker;

    @Override
    public Integer call() {
        return asking.ask(_ -> new Request.Drain(Asking.by(), worker));
    }
}
