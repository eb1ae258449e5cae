package io.blocksmith.spec;

/**
 * The grid of uniform affine quantization (paper section 3.1).
 *
 * @param bits width of a code: 2, 3, 4 or 8
 * @param groupSize weights along the input dimension that share a step size and a zero point; {@link #WHOLE_ROW} for one
 *     group a row
 * @param symmetric zero point fixed at {@code 2^(bits-1)} instead of trained
 */
public record Quantization(int bits, int groupSize, boolean symmetric) {
    /** The group size that means one group per output row. */
    public static final int WHOLE_ROW = -1;

    public Quantization {
        Require.that(bits == 2 || bits == 3 || bits == 4 || bits == 8, "quantization.bits", bits, "2, 3, 4 or 8");
        Require.that(
                groupSize == WHOLE_ROW || groupSize > 0,
                "quantization.group-size",
                groupSize,
                "a divisor of every input width, or -1 for one group a row");
    }

    /** The largest code, {@code 2^bits - 1}. */
    public int maxCode() {
        return (1 << bits) - 1;
    }

    /** Columns that share one step size in a row of {@code columns} weights. */
    public int groupColumns(long columns) {
        return groupSize == WHOLE_ROW ? Math.toIntExact(columns) : groupSize;
    }
}
