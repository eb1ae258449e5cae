package io.blocksmith.config;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Recipe;
import java.time.Duration;

/**
 * All that a user may set.
 *
 * @param recipe decides the bytes of the result, fixed for a run's life
 * @param compute where to compute, may change on resume
 * @param checkpoint how often work in progress is saved, may change on resume
 */
public record Settings(Recipe recipe, Compute compute, Checkpoint checkpoint) {
    /**
     * Saving of a training that is under way.
     *
     * @param interval time from one save to the next; what is lost with a worker is at most this and a step
     */
    public record Checkpoint(Duration interval) {
        public Checkpoint {
            if (interval.isNegative() || interval.isZero()) {
                throw BlocksmithException.user(
                        "checkpoint.interval = %s: expected a duration above 0, e.g. 120s", interval);
            }
        }
    }

    /**
     * The device of this process.
     *
     * @param device {@code auto}, {@code cpu}, {@code gpu0}, {@code gpu1}, ...
     * @param threads CPU threads of one operation; 0 = one for each core
     */
    public record Compute(String device, int threads) {
        public Compute {
            if (!device.matches("auto|cpu|gpu[0-9]{1,3}")) {
                throw BlocksmithException.user("compute.device = %s: expected auto, cpu, gpu0, gpu1, ...", device);
            }
            if (threads < 0) {
                throw BlocksmithException.user("compute.threads = %d: expected 0 (one for each core) or more", threads);
            }
        }
    }
}
