package io.blocksmith.simulate;

import io.blocksmith.failure.BlocksmithException;

/**
 * The machines.
 *
 * @param nodes workers, one device each
 * @param storeBytesPerSecond of each node to and from the store; may be infinite
 * @param localBytesPerSecond at which a checkpoint leaves the device for a local file; may be infinite
 * @param checkpointSeconds from the start of one save to the next
 * @param restartSeconds from a node's failure until it is back
 * @param detectionSeconds from a node's failure until its supervisor knows
 * @param takeoverSeconds from the failure of the supervisor's node until another one supervises
 */
public record SimulatedCluster(
        int nodes,
        double storeBytesPerSecond,
        double localBytesPerSecond,
        double checkpointSeconds,
        double restartSeconds,
        double detectionSeconds,
        double takeoverSeconds) {
    private static final int MOST = 10_000;

    public SimulatedCluster {
        if (nodes < 1 || nodes > MOST) {
            throw BlocksmithException.user("--nodes %d: expected 1 to %d workers", nodes, MOST);
        }
        positive("--store-bandwidth", storeBytesPerSecond);
        positive("--local-bandwidth", localBytesPerSecond);
        positive("--checkpoint-interval", checkpointSeconds);
        positive("--restart", restartSeconds);
        positive("--detection", detectionSeconds);
        positive("--takeover", takeoverSeconds);
    }

    private static void positive(String option, double value) {
        if (!(value > 0)) {
            throw BlocksmithException.user("%s = %s: expected more than 0", option, value);
        }
    }
}
