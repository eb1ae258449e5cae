package io.blocksmith.export;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.packed.PackedSource;
import io.blocksmith.spec.Quantization;
import java.util.Arrays;
import java.util.List;

/** One quantized linear of an open block: N output rows, K input columns, G groups a row. */
record PackedLinear(LlamaConfig config, Quantization grid, PackedSource.Block block, int index, Linear linear) {
    /** Codes in memory at once; rows are taken in batches of about this many. */
    private static final long BATCH = 1 << 20;

    /** A batch of rows: codes [rows, K], row by row. */
    interface RowBatch {
        void take(long firstRow, int rows, byte[] codes);
    }

    /** E.g. {@code model.layers.3.mlp.up_proj}. */
    String name() {
        return LlamaNames.linear(index, linear);
    }

    /** N. */
    int rows() {
        return Math.toIntExact(config.rows(linear));
    }

    /** K. */
    int columns() {
        return Math.toIntExact(config.columns(linear));
    }

    /** Columns that share a step size. */
    int groupColumns() {
        return grid.groupColumns(columns());
    }

    /** G. */
    int groups() {
        return columns() / groupColumns();
    }

    /** Hands out all codes in order of rows; the array is used again for the next batch. */
    void codes(RowBatch batch) {
        int batchRows = batchRows(rows(), columns());
        byte[] codes = new byte[0];
        for (int first = 0; first < rows(); first += batchRows) {
            int rows = Math.min(batchRows, rows() - first);
            if (codes.length != rows * columns()) {
                codes = new byte[rows * columns()];
            }
            block.codes(linear, first, codes);
            batch.take(first, rows, codes);
        }
    }

    /** Rows of {@code columns} numbers in a batch: some when they are long, so that transposing meets whole cache lines. */
    static int batchRows(long rows, long columns) {
        return Math.toIntExact(Math.min(rows, Math.max(16, BATCH / columns)));
    }

    /** Step sizes [N, G]. */
    float[] stepSizes() {
        float[] stepSizes = block.stepSizes(linear);
        requireLength("step sizes", stepSizes.length);
        return stepSizes;
    }

    /** Zero points [N, G]. */
    byte[] zeroPoints() {
        byte[] zeroPoints = block.zeroPoints(linear);
        requireLength("zero points", zeroPoints.length);
        return zeroPoints;
    }

    private void requireLength(String what, int found) {
        if (found != rows() * groups()) {
            throw BlocksmithException.defect(
                    "%s: %d %s, expected %d rows of %d groups", name(), found, what, rows(), groups());
        }
    }

    /** W^ [N, K] = (code - z) * s, computed as the forward pass does, in float32. */
    FloatTensor dequantized() {
        List<Long> shape = List.of((long) rows(), (long) columns());
        return new FloatTensor(name() + ".weight", shape, this::dequantize);
    }

    private void dequantize(FloatTensor.Pieces pieces) {
        float[] stepSizes = stepSizes();
        byte[] zeroPoints = zeroPoints();
        int columns = columns();
        int groupColumns = groupColumns();
        codes((firstRow, rows, codes) -> {
            float[] values = new float[codes.length];
            int group = Math.toIntExact(firstRow * groups());
            for (int at = 0; at < rows * columns; at += groupColumns, group++) {
                int zeroPoint = Byte.toUnsignedInt(zeroPoints[group]);
                for (int i = at; i < at + groupColumns; i++) {
                    values[i] = (Byte.toUnsignedInt(codes[i]) - zeroPoint) * stepSizes[group];
                }
            }
            pieces.take(values);
        });
    }

    /** Whether every zero point is {@code 2^(bits-1)}. */
    boolean symmetric() {
        byte middle = (byte) (1 << (grid.bits() - 1));
        byte[] expected = new byte[rows() * groups()];
        Arrays.fill(expected, middle);
        return Arrays.equals(expected, zeroPoints());
    }
}
