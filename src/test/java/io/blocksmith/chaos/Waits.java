package io.blocksmith.chaos;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for conditions, never for times. */
public final class Waits {
    private static final Duration LOOK = Duration.ofMillis(20);
    /** Generous: a machine may be busy with other things. */
    public static final Duration PATIENCE = Duration.ofMinutes(5);

    private Waits() {}

    public static void until(String what, BooleanSupplier condition) {
        until(what, PATIENCE, condition);
    }

    public static void until(String what, Duration patience, BooleanSupplier condition) {
        get(what, patience, () -> condition.getAsBoolean() ? Optional.of(true) : Optional.empty());
    }

    /** The first value that {@code look} finds. */
    public static <T> T get(String what, Duration patience, Supplier<Optional<T>> look) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Optional<T> found = look.get();
            if (found.isPresent()) {
                return found.get();
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("waited %d s in vain for %s".formatted(patience.toSeconds(), what));
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }
}
