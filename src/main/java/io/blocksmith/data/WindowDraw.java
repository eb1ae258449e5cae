package io.blocksmith.data;

import java.util.HashMap;
import java.util.Map;

/**
 * A seeded draw without replacement that gives the same numbers on every JDK: the run's bytes depend on it, so it
 * leans on no library's choice of algorithm.
 *
 * <p>Random words: SplitMix64 (state += 0x9E3779B97F4A7C15; then the finalizer with 0xBF58476D1CE4E5B9 and
 * 0x94D049BB133111EB, shifts 30, 27, 31), started at the seed. A number below n is the upper half of the 128-bit
 * product word * n. The draw is the first {@code count} steps of a Fisher-Yates shuffle of 0 .. population-1: step i
 * swaps place i with place i + (number below population - i). A longer draw of the same seed starts with the shorter
 * one.
 */
final class WindowDraw {
    private WindowDraw() {}

    /**
     * {@code count} different numbers from 0 to {@code population - 1}, in drawn order. Memory grows with
     * {@code count} only.
     */
    static long[] distinct(long seed, long population, int count) {
        // Only the places a swap has touched are kept; every other place still holds its own number.
        Map<Long, Long> moved = new HashMap<>();
        long[] drawn = new long[count];
        long state = seed;
        for (int i = 0; i < count; i++) {
            state += 0x9E3779B97F4A7C15L;
            long place = i + Math.unsignedMultiplyHigh(mix(state), population - i);
            drawn[i] = moved.getOrDefault(place, place);
            moved.put(place, moved.getOrDefault((long) i, (long) i));
        }
        return drawn;
    }

    private static long mix(long state) {
        long word = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        word = (word ^ (word >>> 27)) * 0x94D049BB133111EBL;
        return word ^ (word >>> 31);
    }
}
