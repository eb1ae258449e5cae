package io.blocksmith.http;

import java.time.Duration;

/**
 * How often a stream of a run tells what.
 *
 * @param lookEvery time between looks at the run
 * @param atLeastEvery how long an unchanged document stays unsaid
 * @param remarkEvery time between comments, which keep what lies between from taking the connection for dead
 * @param patience how long a listener may take nothing before it is dropped
 */
record StreamPace(Duration lookEvery, Duration atLeastEvery, Duration remarkEvery, Duration patience) {
    static final StreamPace STANDARD = new StreamPace(
            Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(30));
}
