package io.blocksmith.estimate;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.spec.Quantization;

/**
 * How many numbers one decoder block has.
 *
 * @param weights n, in the seven linears
 * @param groups R, step sizes (and as many zero points)
 * @param biases in the linears that have them
 * @param norms gains of the two norms, 2H
 * @param largest m, weights of the largest linear
 * @param codeBytes packed codes
 */
record BlockCounts(long weights, long groups, long biases, long norms, long largest, long codeBytes) {

    /** Counts a block; USER failure when the group size does not divide an input width. */
    static BlockCounts of(LlamaConfig config, Quantization grid) {
        long weights = 0;
        long groups = 0;
        long biases = 0;
        long largest = 0;
        long codeBytes = 0;
        for (Linear linear : Linear.values()) {
            long rows = config.rows(linear);
            long columns = config.columns(linear);
            long group = grid.groupColumns(columns);
            if (columns % group != 0) {
                throw BlocksmithException.user(
                        "%s: %d columns are not divisible by quantization.group-size = %d;"
                                + " choose a divisor of %d, or -1 for one group a row",
                        LlamaNames.weight(0, linear), columns, group, columns);
            }
            weights += rows * columns;
            groups += rows * (columns / group);
            biases += config.hasBias(linear) ? rows : 0;
            largest = Math.max(largest, rows * columns);
            codeBytes += bytes(rows * columns, grid.bits());
        }
        return new BlockCounts(weights, groups, biases, 2L * config.hidden(), largest, codeBytes);
    }

    /** Bytes of {@code count} fields of {@code bits}. */
    static long bytes(long count, int bits) {
        return Math.ceilDiv(count * bits, 8L);
    }
}
