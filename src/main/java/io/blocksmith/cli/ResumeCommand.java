package io.blocksmith.cli;

import io.blocksmith.run.Request;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Asks a run's supervisor to resume. */
@Command(
        name = "resume",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Lets a paused run go on; in a cluster, also one that has stopped.")
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    private Asking asking = new Asking();

    @Override
    public Integer call() {
        return asking.ask(_ -> new Request.Resume(Asking.by()));
    }
}
