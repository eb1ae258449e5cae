package io.blocksmith.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.blocksmith.chaos.FaultGate;
import io.blocksmith.chaos.GatedStages;
import io.blocksmith.chaos.GatedStore;
import io.blocksmith.chaos.StepLog;
import io.blocksmith.run.StageRunner;
import io.blocksmith.store.ObjectStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.slf4j.LoggerFactory;

/**
 * A node of a cluster, or a run in one process, as its command starts it, behind a gate: {@code GATE-FOLDER
 * coordinator|worker|quantize OPTION...}.
 */
public final class GatedNode {
    private GatedNode() {}

    public static void main(String[] arguments) {
        // Tests learn from the log when a node has become a member.
        ((Logger) LoggerFactory.getLogger("akka.cluster.Cluster")).setLevel(Level.INFO);
        Path folder = Path.of(arguments[0]);
        FaultGate gate = new FaultGate(folder);
        UnaryOperator<ObjectStore> stores = store -> new GatedStore(store, gate);
        UnaryOperator<StageRunner> stages = runner -> new GatedStages(runner, gate, new StepLog(folder));
        Callable<Integer> command = switch (arguments[1]) {
            case "coordinator" -> new CoordinatorCommand(stores);
            case "worker" -> new WorkerCommand(stores, stages);
            case "quantize" -> new QuantizeCommand(stages);
            default -> throw new IllegalArgumentException(arguments[1]);
        };
        System.exit(Main.execute(command, Arrays.copyOfRange(arguments, 2, arguments.length)));
    }
}
