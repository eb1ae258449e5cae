package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/** Pairs of a block's input on the quantized stream and its target on the full-precision one, in a fixed order. */
public interface BlockBatches extends AutoCloseable {
    /**
     * One batch.
     *
     * @param input hidden states that enter the block [n, T, H], float32
     * @param target what the full-precision block makes of its own input [n, T, H], float32
     */
    record Batch(NDArray input, NDArray target) {}

    /** The next batch, owned by the caller's scope; empty after the last. */
    Optional<Batch> next();

    @Override
    void close();

    /** The samples of one split, readable from any place any number of times. */
    interface Source {
        long samples();

        /**
         * Opens the samples in batches of {@code batchSize}; the last may be smaller.
         *
         * @param from the first sample to be delivered, from 0
         */
        BlockBatches open(int batchSize, long from);
    }
}
