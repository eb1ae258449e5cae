package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.tensor.Fill;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One gradient shard as a file, little-endian: a header of 160 bytes, then the raw float32 numbers of all trained arrays
 * in their order.
 *
 * <pre>
 *   0  8 bytes  "BSMGRD1" and a zero byte
 *   8  int64    step, from 0
 *  16  int32    shard
 *  20  int32    micro-batches that it was computed in
 *  24  float64  factor on the learning rates of the training that it belongs to
 *  32  int32    hash of what it was computed with (engine, device, threads)
 *  36  int32    0
 *  40  float64  loss, summed over the shard's tokens
 *  48  int64    numbers
 *  56  72 bytes name of who computed it, UTF-8, filled with zeros
 * 128  32 bytes SHA-256 of the 128 bytes before and of all numbers
 * </pre>
 */
final class GradientFile {
    private static final int HEADER = 160;
    private static final int DIGEST_AT = 128;
    private static final int NAME_AT = 56;
    private static final long MAGIC = ByteBuffer.wrap("BSMGRD1\0".getBytes(StandardCharsets.US_ASCII))
            .order(ByteOrder.LITTLE_ENDIAN)
            .getLong();
    private static final long WINDOW_BYTES = 1L << 28;

    private GradientFile() {}

    /** What the numbers of a shard depend on; a file with another key is of no use. */
    record Key(long step, int shard, int microBatches, double learningRateFactor, String numerics) {}

    /** What a good file says besides its numbers. */
    record Found(double loss, String worker) {}

    /** Writes {@code arrays}; without forcing them to disk. */
    static void write(Path file, Key key, double loss, String worker, List<NDArray> arrays) {
        ByteBuffer header = header(key, loss, worker, numbers(arrays));
        MessageDigest digest = InputDigests.sha256();
        digest.update(header.duplicate().limit(DIGEST_AT));
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            channel.position(HEADER);
            for (NDArray array : arrays) {
                Fill.read(array, (_, _, data) -> {
                    digest.update(data.asByteBuffer());
                    writeFully(channel, data.asByteBuffer());
                });
            }
            header.put(DIGEST_AT, digest.digest());
            channel.position(0);
            writeFully(channel, header);
        } catch (IOException | UncheckedIOException e) {
            throw BlocksmithException.transientFault(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer data) {
        try {
            while (data.hasRemaining()) {
                channel.write(data);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer header(Key key, double loss, String worker, long numbers) {
        byte[] name = worker.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(HEADER)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .putLong(key.step())
                .putInt(key.shard())
                .putInt(key.microBatches())
                .putDouble(key.learningRateFactor())
                .putInt(key.numerics().hashCode())
                .putInt(0)
                .putDouble(loss)
                .putLong(numbers)
                .put(name, 0, Math.min(name.length, DIGEST_AT - NAME_AT))
                .rewind();
    }

    private static long numbers(List<NDArray> arrays) {
        return arrays.stream().mapToLong(array -> array.getShape().size()).sum();
    }

    /**
     * Reads a shard into {@code arrays}, which stay as they are when the file is not whole or not the one wanted.
     *
     * @throws IOException when there is no such file
     */
    static Optional<Found> read(Path file, Key key, List<NDArray> arrays) throws IOException {
        long numbers = numbers(arrays);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            if (channel.size() != HEADER + Float.BYTES * numbers) {
                return Optional.empty();
            }
            MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            ByteBuffer header = content.asSlice(0, HEADER).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            Found found = found(header);
            byte[] expected = new byte[HEADER - DIGEST_AT];
            header.get(DIGEST_AT, expected);
            if (!header(key, found.loss(), found.worker(), numbers)
                            .limit(DIGEST_AT)
                            .equals(header.duplicate().limit(DIGEST_AT))
                    || !Arrays.equals(digest(content), expected)) {
                return Optional.empty();
            }
            long[] at = {HEADER};
            for (NDArray array : arrays) {
                Fill.into(array, (_, _, window) -> {
                    window.copyFrom(content.asSlice(at[0], window.byteSize()));
                    at[0] += window.byteSize();
                });
            }
            return Optional.of(found);
        }
    }

    private static Found found(ByteBuffer header) {
        byte[] name = new byte[DIGEST_AT - NAME_AT];
        header.get(NAME_AT, name);
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new Found(header.getDouble(40), new String(name, 0, length, StandardCharsets.UTF_8));
    }

    private static byte[] digest(MemorySegment content) {
        MessageDigest digest = InputDigests.sha256();
        digest.update(content.asSlice(0, DIGEST_AT).asByteBuffer());
        for (long at = HEADER; at < content.byteSize(); at += WINDOW_BYTES) {
            digest.update(content.asSlice(at, Math.min(WINDOW_BYTES, content.byteSize() - at))
                    .asByteBuffer());
        }
        return digest.digest();
    }
}
