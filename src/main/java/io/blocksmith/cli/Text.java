package io.blocksmith.cli;

import java.util.Locale;

/** Numbers as people read them. */
final class Text {
    private Text() {}

    /** E.g. {@code 3.4 s}, {@code 12 min 5 s}, {@code 3 h 20 min}. */
    static String seconds(double seconds) {
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? "%d min %d s".formatted(whole / 60, whole % 60)
                : "%d h %d min".formatted(whole / 3600, whole % 3600 / 60);
    }

    /** E.g. {@code 1.6 MB}, in powers of ten as file managers show it. */
    static String bytes(double bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        int unit = 0;
        double value = bytes;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    }

    /** E.g. {@code 12.3k}. */
    static String count(double count) {
        return count < 10_000
                ? String.format(Locale.ROOT, "%.0f", count)
                : String.format(Locale.ROOT, "%.1fk", count / 1000);
    }
}
