package io.blocksmith.simulate;

import java.util.Map;

/**
 * What a simulated run came to. Node-seconds are added up over all nodes.
 *
 * @param completed whether every stage has committed
 * @param ending in words
 * @param seconds from the first record of the ledger to the last
 * @param blockSeconds to the commit of the last block; NaN when it did not come to that
 * @param endToEndSeconds from the first start of E2E-QP to its commit; NaN likewise
 * @param computing node-seconds in steps and passes
 * @param storing node-seconds in which a node waited for the store or a local file
 * @param down node-seconds between a failure and the return
 * @param lostComputing those of {@code computing} that went into no result
 * @param lostSteps optimizer steps that had to be taken again
 * @param failures of nodes
 * @param takeovers failures of the supervisor's node
 * @param traffic bytes written to and read from the store
 */
public record RunFigures(
        boolean completed,
        String ending,
        double seconds,
        double blockSeconds,
        double endToEndSeconds,
        int nodes,
        double computing,
        double storing,
        double down,
        double lostComputing,
        long lostSteps,
        int failures,
        int takeovers,
        Map<Traffic, Double> traffic) {
    public RunFigures {
        traffic = Map.copyOf(traffic);
    }

    /** Useful share of all computing; 1 when nothing was computed. */
    public double goodput() {
        return computing == 0 ? 1 : 1 - lostComputing / computing;
    }

    public double computingShare() {
        return share(computing);
    }

    public double storingShare() {
        return share(storing);
    }

    public double downShare() {
        return share(down);
    }

    /** Up, and with nothing to do: no stage is ready, others are slower, a supervisor is missing. */
    public double idleShare() {
        return Math.max(0, 1 - computingShare() - storingShare() - downShare());
    }

    private double share(double nodeSeconds) {
        return seconds == 0 ? 0 : nodeSeconds / (seconds * nodes);
    }
}
