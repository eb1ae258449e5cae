package io.blocksmith.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.blocksmith.chaos.FaultGate;
import io.blocksmith.chaos.GatedStages;
import io.blocksmith.chaos.GatedStore;
import io.blocksmith.chaos.StepLog;
import io.blocksmith.store.ObjectStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** A node of a cluster as its command starts it, behind a gate: {@code GATE-FOLDER coordinator|worker OPTION...}. */
public final class GatedNode {
    private GatedNode() {}

    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        // Tests learn from the log when a node has become a member.
        ((Logger) LoggerFactory.getLogger("akka.cluster.Cluster")).setLevel(Level.INFO);
        Path folder = Path.of(arguments[0]);
        FaultGate gate = new FaultGate(folder);
        UnaryOperator<ObjectStore> stores = store -> new GatedStore(store, gate);
        Callable<Integer> command = switch (arguments[1]) {
            case "coordinator" -> new CoordinatorCommand(stores);
            case "worker" -> new WorkerCommand(stores, stages -> new GatedStages(stages, gate, new StepLog(folder)));
            default -> throw new IllegalArgumentException(arguments[1]);
        };
        System.exit(new CommandLine(command).execute(Arrays.copyOfRange(arguments, 2, arguments.length)));
    }
}
