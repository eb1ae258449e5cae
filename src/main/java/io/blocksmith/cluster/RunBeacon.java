package io.blocksmith.cluster;

/** Where a supervisor shows that it lives and what it sees; calls block on storage and come one at a time. */
@FunctionalInterface
public interface RunBeacon {

    /**
     * Publishes the run as it is now, in place of what was published before.
     *
     * @param beat rises with each call
     * @param last whether this supervisor publishes nothing more: the run is free
     */
    void publish(RunStatus status, long beat, boolean last);

    /** Shows nothing to nobody. */
    static RunBeacon none() {
        return (_, _, _) -> {};
    }
}
