package io.blocksmith.cli;

import io.blocksmith.run.Request;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Asks a run's supervisor to undrain a worker. */
@Command(
        name = "undrain",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Gives a drained worker work again.")
final class UndrainCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Parameters(index = "1", paramLabel = "WORKER", description = "Its name, as `status` shows it.")
    private String worker;

    @Override
    public Integer call() {
        return asking.ask(_ -> new Request.Undrain(Asking.by(), worker));
    }
}
