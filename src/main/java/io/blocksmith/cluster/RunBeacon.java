package io.blocksmith.cluster;

import java.util.Optional;

/** Where a supervisor shows that it lives and what it sees; calls block on storage and come one at a time. */
public interface RunBeacon {

    /**
     * Publishes the run as it is now, in place of what was published before.
     *
     * @param beat rises with each call
     * @param last whether this supervisor publishes nothing more: the run is free
     */
    void publish(RunStatus status, long beat, boolean last);

    /** What was published last, by whichever supervisor; empty when nothing was, or nothing that can be read. */
    Optional<LiveRun> shown();

    /** Shows nothing to nobody. */
    static RunBeacon none() {
        return new RunBeacon() {
            @Override
            public void publish(RunStatus status, long beat, boolean last) {
                // Nobody looks.
            }

            @Override
            public Optional<LiveRun> shown() {
                return Optional.empty();
            }
        };
    }
}
