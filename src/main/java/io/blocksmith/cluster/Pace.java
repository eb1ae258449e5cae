package io.blocksmith.cluster;

import java.time.Duration;

/**
 * How often actors speak.
 *
 * @param progressEvery least time between two reports of an attempt's progress
 * @param repeatEvery time after which an unanswered message is sent again
 * @param lookEvery how often a supervisor looks at clocks, requests and the store
 * @param stuckAfter time after which a worker that cannot end a cancelled attempt gives itself up
 */
public record Pace(Duration progressEvery, Duration repeatEvery, Duration lookEvery, Duration stuckAfter) {

    /** Progress once a second, repetitions after three, a look every second, stuck after ten minutes. */
    public static Pace standard() {
        return new Pace(Duration.ofSeconds(1), Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofMinutes(10));
    }
}
