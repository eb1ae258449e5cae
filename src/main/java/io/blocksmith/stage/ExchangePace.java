package io.blocksmith.stage;

import java.time.Duration;

/**
 * How patient replicas are with each other. None of it changes a result.
 *
 * @param poll between two looks into the store at first; see {@link StoreWait}
 * @param announcements at least this long between two looks for new helpers, or into the ledger
 * @param patience a shard of another replica is taken over after this many times what an own shard takes
 * @param leastPatience but not before this long
 * @param firstPatience nor before this long while no own shard has been measured
 */
record ExchangePace(
        Duration poll, Duration announcements, int patience, Duration leastPatience, Duration firstPatience) {
    static final ExchangePace STANDARD = new ExchangePace(
            Duration.ofMillis(25), Duration.ofSeconds(1), 3, Duration.ofSeconds(1), Duration.ofSeconds(30));
}
