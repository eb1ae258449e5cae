package io.blocksmith.simulate;

/**
 * What one attempt at a stage takes, in this order: reading, computing before the training, steps, computing after it,
 * writing. Only steps outlive the attempt, by its checkpoints.
 *
 * @param readStates bytes of hidden states
 * @param readResults bytes of trained blocks and scales
 * @param before seconds
 * @param steps optimizer steps, 0 without a training
 * @param stepSeconds of one step on one worker, with its share of the validations
 * @param checkpoint bytes
 * @param after seconds
 * @param writtenStates bytes
 * @param writtenResults bytes
 */
record StageCost(
        double readStates,
        double readResults,
        double before,
        long steps,
        double stepSeconds,
        double checkpoint,
        double after,
        double writtenStates,
        double writtenResults) {

    /** Without a training. */
    static StageCost untrained(
            double readStates, double readResults, double seconds, double writtenStates, double writtenResults) {
        return new StageCost(readStates, readResults, seconds, 0, 0, 0, 0, writtenStates, writtenResults);
    }

    /** Seconds of an attempt that nothing disturbs, without a store. */
    double computing() {
        return before + steps * stepSeconds + after;
    }
}
