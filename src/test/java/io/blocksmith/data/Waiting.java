package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/** Waiting for a condition, with a deadline. */
final class Waiting {
    private Waiting() {}

    static void until(BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(20));
        while (!condition.getAsBoolean() && Instant.now().isBefore(deadline)) {
            Thread.onSpinWait();
        }
        assertThat(condition.getAsBoolean()).as("met before the deadline").isTrue();
    }

    /** An executor counts as ended a moment before its thread is gone. */
    static void untilThreadEnds(String name) {
        until(() -> !isAlive(name));
    }

    static boolean isAlive(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals(name));
    }
}
