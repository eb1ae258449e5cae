package io.blocksmith.spec;

import io.blocksmith.failure.BlocksmithException;

/** Checks of recipe values; a failed check names the key, the value and what is expected. */
final class Require {
    private Require() {}

    static void that(boolean holds, String key, Object found, String expected) {
        if (!holds) {
            throw BlocksmithException.user("%s = %s: expected %s", key, found, expected);
        }
    }

    static void positive(double value, String key) {
        that(value > 0 && Double.isFinite(value), key, value, "a number above 0");
    }

    static void notNegative(double value, String key) {
        that(value >= 0 && Double.isFinite(value), key, value, "0 or more");
    }
}
