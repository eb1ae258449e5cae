package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Reads a range of one stream of hidden states in batches, one batch ahead, on a thread of its own. Batches straddle
 * shards where they must; the last one may be smaller.
 *
 * <p>Two direct buffers of one batch each are allocated once and used in turn: the numbers of a batch are valid until
 * the next call of {@link #next()} or {@link #close()}. An array that aliases them must be gone by then, its memory
 * is reused or freed. Used by one thread; owns its buffers.
 */
public final class ActivationReader implements AutoCloseable {
    private final Path directory;
    private final ActivationLayout layout;
    private final int batch;
    private final int to;
    private final Arena arena;
    private final ByteBuffer[] ring;
    private final ExecutorService thread;
    private Future<Batch> ahead;
    private int turn;
    private int delivered;

    // The reading thread's own until it has ended: the shard read last stays open.
    private FileChannel shard;
    private int shardIndex = -1;

    /**
     * Consecutive samples of the stream.
     *
     * @param first position of the first sample in the stream
     * @param samples how many
     * @param numbers direct, little-endian, {@code [samples, sequence, hidden]} in the layout's format
     */
    public record Batch(int first, int samples, ByteBuffer numbers) {}

    /**
     * Checks the header and the length of every shard, then starts to read.
     *
     * @param directory holds the shards
     * @param layout what they must hold
     * @param batch samples at a time
     * @param from first sample of the range
     * @param to the sample after the last of the range
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when a shard is missing, torn or of another
     *     layout; USER, when a batch is larger than a buffer can be
     */
    public ActivationReader(Path directory, ActivationLayout layout, int batch, int from, int to) {
        Objects.checkFromToIndex(from, to, layout.samples());
        if (batch < 1) {
            throw BlocksmithException.defect("%s: batches of %d samples; expected 1 or more", directory, batch);
        }
        this.directory = directory;
        this.layout = layout;
        this.batch = batch;
        this.to = to;
        this.delivered = from;
        int bufferBytes = layout.batchBytes(Math.max(1, Math.min(batch, to - from)));
        for (int index = 0; index < layout.shards(); index++) {
            check(index);
        }
        arena = Arena.ofShared();
        ring = new ByteBuffer[] {
            arena.allocate(bufferBytes, 64).asByteBuffer(),
            arena.allocate(bufferBytes, 64).asByteBuffer()
        };
        thread = Executors.newSingleThreadExecutor(Thread.ofPlatform()
                .daemon()
                .name("activation-reader " + directory)
                .factory());
        prefetch(from);
    }

    /** Whether samples of the range are left. */
    public boolean hasNext() {
        return delivered < to;
    }

    /**
     * The next samples; those of the call before become invalid.
     *
     * @throws NoSuchElementException at the end of the range
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when they cannot be read
     */
    public Batch next() {
        if (!hasNext()) {
            throw new NoSuchElementException(directory + ": no sample left before " + to);
        }
        Batch next = await();
        delivered = next.first() + next.samples();
        prefetch(delivered);
        return next;
    }

    /** Whether the batch after the delivered one is in memory already. */
    boolean isAhead() {
        return ahead.isDone();
    }

    /** Stops the thread, wherever it is, and frees the buffers. */
    @Override
    public void close() {
        thread.shutdownNow();
        thread.close();
        try {
            if (shard != null) {
                shard.close();
            }
        } catch (IOException e) {
            throw cannotRead(e);
        } finally {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }

    private Batch await() {
        try {
            return ahead.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BlocksmithException known) {
                throw known;
            }
            throw cannotRead(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlocksmithException.transientFault(e, "%s: interrupted while reading", directory);
        }
    }

    private void prefetch(int first) {
        if (first == to) {
            return;
        }
        ByteBuffer free = ring[turn];
        turn = 1 - turn;
        ahead = thread.submit(() -> read(free, first, Math.min(batch, to - first)));
    }

    /** On the reading thread. */
    private Batch read(ByteBuffer buffer, int first, int samples) throws IOException {
        buffer.clear();
        for (int sample = first; sample < first + samples; ) {
            int index = sample / layout.shardSamples();
            int inShard = sample % layout.shardSamples();
            int count = Math.min(first + samples - sample, layout.shardSamples() - inShard);
            buffer.limit(buffer.position() + layout.batchBytes(count));
            openShard(index);
            long position = ShardHeader.BYTES + inShard * layout.sampleBytes();
            while (buffer.hasRemaining()) {
                int bytes = shard.read(buffer, position);
                if (bytes < 0) {
                    throw torn(index, shard.size());
                }
                position += bytes;
            }
            sample += count;
        }
        return new Batch(first, samples, buffer.flip().slice().order(ByteOrder.LITTLE_ENDIAN));
    }

    private void openShard(int index) throws IOException {
        if (index != shardIndex) {
            if (shard != null) {
                shard.close();
            }
            shard = FileChannel.open(path(index), StandardOpenOption.READ);
            shardIndex = index;
        }
    }

    private void check(int index) {
        try (FileChannel channel = FileChannel.open(path(index), StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate(ShardHeader.BYTES);
            while (bytes.hasRemaining()) {
                if (channel.read(bytes) < 0) {
                    throw torn(index, channel.size());
                }
            }
            String expected = layout.header(index).describe();
            String found =
                    ShardHeader.decode(bytes.flip()).map(ShardHeader::describe).orElse("no known header");
            if (!found.equals(expected)) {
                throw BlocksmithException.environment(
                        null, "%s: expected %s, found %s; rebuild this boundary", path(index), expected, found);
            }
            if (channel.size() != layout.shardFileBytes(index)) {
                throw torn(index, channel.size());
            }
        } catch (NoSuchFileException e) {
            throw BlocksmithException.environment(
                    e, "%s: no such file; expected %d shards; rebuild this boundary", path(index), layout.shards());
        } catch (IOException e) {
            throw cannotRead(e);
        }
    }

    private Path path(int index) {
        return directory.resolve(ActivationLayout.shardName(index));
    }

    private BlocksmithException torn(int index, long found) {
        return BlocksmithException.environment(
                null,
                "%s: expected %d bytes, found %d; the file is torn, rebuild this boundary",
                path(index),
                layout.shardFileBytes(index),
                found);
    }

    private BlocksmithException cannotRead(Throwable cause) {
        return BlocksmithException.environment(cause, "%s: hidden states cannot be read: %s", directory, cause);
    }
}
