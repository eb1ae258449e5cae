package io.blocksmith.cluster;

import java.util.List;

/** The runs that a cluster has been given; calls block on storage and never come from an actor's own thread. */
public interface RunCatalog {

    /**
     * Names of the runs that want a supervisor, the one to take first at the front: submitted and not completed, and not
     * at rest unless somebody asked to resume it.
     */
    List<String> waiting();

    /** What a supervisor of a run is made with, and who watches it. */
    record Opened(RunSupervisor.Settings settings, RunListener listener) {}

    /**
     * Makes ready to supervise the run.
     *
     * @throws io.blocksmith.failure.BlocksmithException when its folder cannot be read
     */
    Opened open(String run);

    /** The run's supervisor is gone; what {@link #open} took for it is given back. */
    void close(String run);
}
