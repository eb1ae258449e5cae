package io.blocksmith.data;

import io.blocksmith.spec.Calibration.Activations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The first 64 bytes of a shard, little-endian:
 *
 * <pre>
 *  0  8 bytes  "BSMACT1" and a zero byte: the format and its version
 *  8  int32    number format: 1 = float32, 2 = float16
 * 12  int32    samples in this shard
 * 16  int32    sequence length
 * 20  int32    hidden size
 * 24  int32    position of the shard's first sample in the stream
 * 28  int32    samples in the whole stream
 * 32  zeros
 * </pre>
 */
record ShardHeader(
        Activations numbers, int samples, int sequenceLength, int hiddenSize, int firstSample, int streamSamples) {
    static final int BYTES = 64;

    private static final long MAGIC = ByteBuffer.wrap("BSMACT1\0".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();

    /** The header as a buffer ready to be written. */
    ByteBuffer encode() {
        return ByteBuffer.allocate(BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .putInt(code(numbers))
                .putInt(samples)
                .putInt(sequenceLength)
                .putInt(hiddenSize)
                .putInt(firstSample)
                .putInt(streamSamples)
                .rewind();
    }

    /** The header in 64 bytes, or nothing when they are no header of this format and version. */
    static Optional<ShardHeader> decode(ByteBuffer bytes) {
        ByteBuffer fields = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (fields.getLong() != MAGIC) {
            return Optional.empty();
        }
        int code = fields.getInt();
        for (Activations numbers : Activations.values()) {
            if (code(numbers) == code) {
                return Optional.of(new ShardHeader(
                        numbers, fields.getInt(), fields.getInt(), fields.getInt(), fields.getInt(), fields.getInt()));
            }
        }
        return Optional.empty();
    }

    private static int code(Activations numbers) {
        return switch (numbers) {
            case FLOAT32 -> 1;
            case FLOAT16 -> 2;
        };
    }

    /** For messages. */
    String describe() {
        return "%s [%d, %d, %d], samples from %d of %d"
                .formatted(numbers, samples, sequenceLength, hiddenSize, firstSample, streamSamples);
    }
}
