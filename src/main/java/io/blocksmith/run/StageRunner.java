package io.blocksmith.run;

/**
 * The port between the actors and the numerical work. The actors call it on the device thread only; an implementation
 * reads what it needs of the run from the store.
 */
public interface StageRunner {

    /**
     * Runs one attempt to its end, going on from the newest usable state that an earlier attempt saved.
     *
     * @throws java.util.concurrent.CancellationException when {@code monitor} says so; what was reached is saved first
     * @throws io.blocksmith.failure.BlocksmithException with the category that the failure policy decides by
     */
    StageResult run(Assignment assignment, Monitor monitor);

    /**
     * Computes a share of an attempt that another worker leads, until that attempt is over or {@code monitor} says stop.
     * It changes how long the attempt takes, never its result, and leaves no record.
     *
     * @param worker this worker's name, to be known among helpers
     */
    void assist(Assignment assignment, String worker, Monitor monitor);
}
