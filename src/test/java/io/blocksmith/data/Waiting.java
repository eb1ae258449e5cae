package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for a condition, with a deadline. */
final class Waiting {
    private Waiting() {}

    static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
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
