package io.blocksmith.metrics;

import io.blocksmith.failure.Category;
import java.util.Locale;

/** What the label {@code reason} says of a failure. */
public final class Reason {
    private Reason() {}

    /** A category as a label, e.g. {@code store-full}. */
    public static String of(Category category) {
        return category.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
