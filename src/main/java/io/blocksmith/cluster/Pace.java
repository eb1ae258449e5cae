package io.blocksmith.cluster;

import java.time.Duration;

/**
 * How often an attempt speaks.
 *
 * @param progressEvery least time between two reports of progress
 * @param repeatEvery time after which an unacknowledged result is reported again
 */
public record Pace(Duration progressEvery, Duration repeatEvery) {

    /** Once a second; results again after three. */
    public static Pace standard() {
        return new Pace(Duration.ofSeconds(1), Duration.ofSeconds(3));
    }
}
