package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Reads a range of one stream of hidden states in batches, one batch ahead, on a thread of its own. Batches straddle
 * shards, and the parts that the stream was written in, where they must; the last one may be smaller. A shard is looked
 * up and checked when it is reached.
 *
 * <p>Two direct buffers of one batch each are allocated once and used in turn: the numbers of a batch are valid until
 * the next call of {@link #next()} or {@link #close()}. An array that aliases them must be gone by then, its memory
 * is reused or freed. Used by one thread; owns its buffers.
 */
public final class ActivationReader implements AutoCloseable {
    private final String name;
    private final List<ActivationPart> parts;
    private final int batch;
    private final int to;
    private final Arena arena;
    private final ByteBuffer[] ring;
    private final ExecutorService thread;
    private Future<Batch> ahead;
    private int turn;
    private int delivered;

    // The reading thread's own until it has ended: the shard read last stays open.
    private ShardChannel shard;
    private int shardFirst = -1;

    /**
     * Consecutive samples of the stream.
     *
     * @param first position of the first sample in the stream
     * @param samples how many
     * @param numbers direct, little-endian, {@code [samples, sequence, hidden]} in the layout's format
     */
    public record Batch(int first, int samples, ByteBuffer numbers) {}

    /**
     * Starts to read a stream that is one part.
     *
     * @param directory holds the shards
     * @param layout what they must hold
     */
    public ActivationReader(Path directory, ActivationLayout layout, int batch, int from, int to) {
        this(directory.toString(), List.of(new ActivationPart(layout, ShardFiles.in(directory))), batch, from, to);
    }

    /**
     * Starts to read.
     *
     * @param name of the stream, for people
     * @param parts of the stream, in order, of equal shape and number format
     * @param batch samples at a time
     * @param from first sample of the range
     * @param to the sample after the last of the range
     * @throws io.blocksmith.failure.BlocksmithException USER, when a batch is larger than a buffer can be
     */
    public ActivationReader(String name, List<ActivationPart> parts, int batch, int from, int to) {
        Objects.checkFromToIndex(
                from,
                to,
                parts.stream().mapToInt(part -> part.layout().samples()).sum());
        if (batch < 1) {
            throw BlocksmithException.defect("%s: batches of %d samples; expected 1 or more", name, batch);
        }
        this.name = name;
        this.parts = List.copyOf(parts);
        this.batch = batch;
        this.to = to;
        this.delivered = from;
        int bufferBytes = parts.getFirst().layout().batchBytes(Math.max(1, Math.min(batch, to - from)));
        arena = Arena.ofShared();
        ring = new ByteBuffer[] {
            arena.allocate(bufferBytes, 64).asByteBuffer(),
            arena.allocate(bufferBytes, 64).asByteBuffer()
        };
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("activation-reader " + name).factory());
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
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when they cannot be read: a shard is missing, torn
     *     or of another layout
     */
    public Batch next() {
        if (!hasNext()) {
            throw new NoSuchElementException(name + ": no sample left before " + to);
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
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw cannotRead(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlocksmithException.transientFault(e, "%s: interrupted while reading", name);
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
        int sample = first;
        int partFirst = 0;
        for (ActivationPart part : parts) {
            ActivationLayout layout = part.layout();
            int partEnd = partFirst + layout.samples();
            while (sample < Math.min(partEnd, first + samples)) {
                int index = (sample - partFirst) / layout.shardSamples();
                int inShard = (sample - partFirst) % layout.shardSamples();
                int count = Math.min(Math.min(first + samples, partEnd) - sample, layout.shardSamples() - inShard);
                buffer.limit(buffer.position() + layout.batchBytes(count));
                open(part, index, partFirst + index * layout.shardSamples());
                shard.read(inShard, buffer);
                sample += count;
            }
            partFirst = partEnd;
        }
        return new Batch(first, samples, buffer.flip().slice().order(ByteOrder.LITTLE_ENDIAN));
    }

    private void open(ActivationPart part, int index, int firstSample) throws IOException {
        if (firstSample != shardFirst) {
            if (shard != null) {
                shard.close();
                shard = null;
                shardFirst = -1;
            }
            shard = ShardChannel.open(part, index);
            shardFirst = firstSample;
        }
    }

    private BlocksmithException cannotRead(Throwable cause) {
        return BlocksmithException.environment(cause, "%s: hidden states cannot be read: %s", name, cause);
    }
}
