package io.blocksmith.cli;

import io.blocksmith.status.RunSight;
import io.blocksmith.status.StatusJson;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One look at a run. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Tells how far a run is, what runs where, who holds it, and what failed; changes nothing.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private RunOptions run = new RunOptions();

    @Option(names = "--json", description = "Answer on stdout as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        try (ObjectStore store = run.look()) {
            RunSight sight =
                    RunSight.of(run.where(), store, new Ledger(store), RunHolder.PROCESSES, InstantSource.system());
            System.out.println(json ? Json.write(new StatusJson(sight).tree()) : new StatusText(sight).text());
        }
        return 0;
    }
}
