package io.blocksmith.cli;

import io.blocksmith.run.Request;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Asks a run's supervisor to pause. */
@Command(
        name = "pause",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Lets a run save what it does and start nothing, until it is resumed.",
            "A new supervisor keeps to it, too."
        })
final class PauseCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Override
    public Integer call() {
        return asking.ask(_ -> new Request.Pause(Asking.by()));
    }
}
