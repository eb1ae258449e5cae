package io.blocksmith.packed;

import io.blocksmith.llama.Linear;

/** The final quantized model, block by block, as plain numbers: what an export is written from and compared with. */
public interface PackedSource {
    /** Opens block {@code index}; the caller closes it. */
    Block open(int index);

    /** One block. N output rows, K input columns, G groups a row. */
    interface Block extends AutoCloseable {
        /** Codes of the rows from {@code firstRow} on, as many rows as {@code codes} holds, row by row. */
        void codes(Linear linear, long firstRow, byte[] codes);

        /** Step sizes [N, G], row by row. */
        float[] stepSizes(Linear linear);

        /** Zero points [N, G], row by row, in [0, maxCode]. */
        byte[] zeroPoints(Linear linear);

        /** Bias [N]; only for linears that have one. */
        float[] bias(Linear linear);

        /** Gain [H] of the norm before attention. */
        float[] attentionNorm();

        /** Gain [H] of the norm before the feed-forward part. */
        float[] feedForwardNorm();

        @Override
        void close();
    }
}
