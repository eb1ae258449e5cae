package io.blocksmith.config;

import java.util.OptionalDouble;
import java.util.Set;

/** Learning rates that may be {@code auto}: the paper's for the number of bits (section 4.1). */
final class AutoRates {
    /** What a user writes. */
    static final String AUTO = "auto";

    private static final Set<String> KEYS = Set.of(
            "block-ap.learning-rates.weights",
            "end-to-end.learning-rates.step-sizes",
            "end-to-end.learning-rates.zero-points");

    private AutoRates() {}

    /** The rate behind {@code auto}; empty for a key that has none. */
    static OptionalDouble of(String key, int bits) {
        if (!KEYS.contains(key)) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(bits == 2 ? 2e-5 : 1e-5);
    }
}
