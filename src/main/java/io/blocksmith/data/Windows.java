package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Calibration;
import java.util.Objects;
import java.util.function.IntToLongFunction;

/**
 * Windows of equal length out of a token stream that is cut from its start into windows that do not overlap; the last
 * partial window is dropped. Borrows the {@link TokenFile}: it must stay open.
 */
public final class Windows {
    private final TokenFile stream;
    private final int length;
    private final int count;
    private final IntToLongFunction place;

    private Windows(TokenFile stream, int length, int count, IntToLongFunction place) {
        this.stream = stream;
        this.length = length;
        this.count = count;
        this.place = place;
    }

    /** Windows to train on and windows to validate on; no token is in both. */
    public record Split(Windows train, Windows validation) {}

    /**
     * Draws calibration windows. The last {@code heldOut} tokens of the stream are never trained on: validation windows
     * are the first of that part, and phases with windows of other lengths that hold out as many tokens never train on
     * what another one validates on.
     *
     * @param length tokens in a window
     * @param heldOut tokens at the end of the stream for validation, at least {@code length * validationCount}
     * @param order FILE: the trained windows are the first of the stream; RANDOM: a draw without replacement from all
     *     but the held-out part, see {@link WindowDraw}, in the order drawn
     * @param seed drives RANDOM only
     * @throws io.blocksmith.failure.BlocksmithException USER, when the stream has too few windows
     */
    public static Split split(
            TokenFile stream,
            int length,
            int trainCount,
            int validationCount,
            long heldOut,
            Calibration.Order order,
            long seed) {
        long found = Math.max(0, stream.length() - heldOut) / length;
        if (found < trainCount) {
            throw BlocksmithException.user(
                    "calibration %s: %d windows of %d tokens needed besides %d tokens held out for validation, found %d"
                            + " (%d tokens in all); lower the samples or the sequence length of calibration or"
                            + " end-to-end, or give more text",
                    stream.source(), trainCount, length, heldOut, found, stream.length());
        }
        long validationStart = stream.length() - heldOut;
        Windows validation =
                new Windows(stream, length, validationCount, index -> validationStart + (long) index * length);
        return switch (order) {
            case FILE -> new Split(new Windows(stream, length, trainCount, index -> (long) index * length), validation);
            case RANDOM -> {
                long[] drawn = WindowDraw.distinct(seed, found, trainCount);
                yield new Split(new Windows(stream, length, trainCount, index -> drawn[index] * length), validation);
            }
        };
    }

    /**
     * The first windows of the stream, to evaluate on.
     *
     * @param length tokens in a window
     * @param count how many; 0 = all
     * @throws io.blocksmith.failure.BlocksmithException USER, when the stream has fewer, or none
     */
    public static Windows fromStart(TokenFile stream, int length, int count) {
        long found = stream.length() / length;
        long wanted = count == 0 ? Math.max(1, found) : count;
        if (found < wanted || wanted > Integer.MAX_VALUE) {
            throw BlocksmithException.user(
                    "evaluation %s: %d windows of %d tokens needed, found %d (%d tokens);"
                            + " lower evaluation.windows or evaluation.context, or give more text",
                    stream.source(), wanted, length, found, stream.length());
        }
        return new Windows(stream, length, (int) wanted, index -> (long) index * length);
    }

    /** Number of windows. */
    public int count() {
        return count;
    }

    /** Tokens in each window. */
    public int length() {
        return length;
    }

    /** A copy of the tokens of window {@code index}, shape {@code [length]}. */
    public int[] tokens(int index) {
        Objects.checkIndex(index, count);
        return stream.tokens(place.applyAsLong(index), length);
    }

    /** Copies of the tokens of windows {@code first} to {@code last - 1}. */
    public int[][] tokens(int first, int last) {
        int[][] tokens = new int[last - first][];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = tokens(first + i);
        }
        return tokens;
    }

    /** The first {@code some} of these windows. */
    public Windows first(int some) {
        return range(0, some);
    }

    /** The windows {@code first} to {@code last - 1}. */
    public Windows range(int first, int last) {
        Objects.checkFromToIndex(first, last, count);
        return new Windows(stream, length, last - first, index -> place.applyAsLong(first + index));
    }
}
