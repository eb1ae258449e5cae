package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Calibration.Activations;

/**
 * What one stream of hidden states looks like on disk: shards {@code shard-000.act}, {@code shard-001.act}, ... in
 * one directory, each a {@link ShardHeader} and the raw little-endian numbers of consecutive samples,
 * {@code [samples, sequence, hidden]}. All shards but the last hold {@link #shardSamples()} samples.
 *
 * @param numbers format of a number
 * @param samples samples in the whole stream
 * @param sequenceLength positions in a sample
 * @param hiddenSize numbers at a position
 * @param shardBytes bound on the numbers in a shard; a larger single sample still makes a shard
 */
public record ActivationLayout(Activations numbers, int samples, int sequenceLength, int hiddenSize, long shardBytes) {
    /** About 64 MB: small enough to digest, copy and rebuild one by one. */
    public static final long SHARD_BYTES = 64L << 20;

    public ActivationLayout {
        if (samples < 1 || sequenceLength < 1 || hiddenSize < 1 || shardBytes < 1) {
            throw BlocksmithException.defect(
                    "hidden states [%d, %d, %d] in shards of %d bytes: every number must be above 0",
                    samples, sequenceLength, hiddenSize, shardBytes);
        }
    }

    /** A layout with shards of at most {@link #SHARD_BYTES}. */
    public ActivationLayout(Activations numbers, int samples, int sequenceLength, int hiddenSize) {
        this(numbers, samples, sequenceLength, hiddenSize, SHARD_BYTES);
    }

    /** Bytes of one sample. */
    public long sampleBytes() {
        return Math.multiplyExact((long) sequenceLength * hiddenSize, (long) numbers.bytes());
    }

    /** Samples in every shard but the last, at least 1. */
    public int shardSamples() {
        return Math.clamp(shardBytes / sampleBytes(), 1, samples);
    }

    /** Number of shards. */
    public int shards() {
        return Math.ceilDiv(samples, shardSamples());
    }

    /** Bytes of the whole stream on disk, headers included. */
    public long diskBytes() {
        return Math.addExact(Math.multiplyExact(sampleBytes(), (long) samples), (long) shards() * ShardHeader.BYTES);
    }

    /** File name of shard {@code index}. */
    public static String shardName(int index) {
        return "shard-%03d.act".formatted(index);
    }

    /** What shard {@code index} must begin with. */
    ShardHeader header(int index) {
        int first = index * shardSamples();
        int held = Math.min(shardSamples(), samples - first);
        return new ShardHeader(numbers, held, sequenceLength, hiddenSize, first, samples);
    }

    /** How long the file of shard {@code index} must be. */
    long shardFileBytes(int index) {
        return ShardHeader.BYTES + header(index).samples() * sampleBytes();
    }

    /** Bytes of a batch; USER failure for one that no buffer can hold. */
    int batchBytes(int batch) {
        long bytes = Math.multiplyExact(sampleBytes(), (long) batch);
        if (bytes > Integer.MAX_VALUE) {
            throw BlocksmithException.user(
                    "a batch of %d samples [%d, %d] takes %d bytes, a buffer holds %d;"
                            + " lower the batch size or the sequence length",
                    batch, sequenceLength, hiddenSize, bytes, Integer.MAX_VALUE);
        }
        return (int) bytes;
    }
}
