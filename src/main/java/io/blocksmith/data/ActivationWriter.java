package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Writes one stream of hidden states as shards, on a thread of its own. Two direct buffers, each as large as the
 * first batch appended, are filled in turn: a batch is copied into one while the other is written.
 *
 * <p>An error of the writing thread is thrown by the next call, and by every call after it. Closed before
 * {@link #finish()} has returned, it deletes the shards it made. Used by one thread; owns its buffers.
 */
public final class ActivationWriter implements AutoCloseable {
    private static final int RING = 2;

    private final Path directory;
    private final ActivationLayout layout;
    private final Arena arena = Arena.ofShared();
    private final ExecutorService thread;
    private final List<ByteBuffer> ring = new ArrayList<>(RING);
    private final List<Future<?>> writes = new ArrayList<>(RING);
    private int turn;
    private int appended;
    private boolean finished;

    /** Set by the writing thread; nothing is written after it. */
    private volatile Throwable failure;

    private volatile boolean abandoned;

    // The writing thread's own; others touch them only after it has ended or after waiting for its last task.
    private final List<Path> shards = new ArrayList<>();
    private FileChannel shard;
    private long shardRemaining;

    /**
     * @param directory made when absent; a shard that is already there is never overwritten
     * @param layout of the numbers to be appended; {@link ActivationLayout#samples()} samples in all
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when the directory cannot be made
     */
    public ActivationWriter(Path directory, ActivationLayout layout) {
        this.directory = directory;
        this.layout = layout;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be made: %s", directory, e);
        }
        thread = Executors.newSingleThreadExecutor(Thread.ofPlatform()
                .daemon()
                .name("activation-writer " + directory)
                .factory());
    }

    /**
     * Appends samples. Returns when the batch is copied, maybe before it is written: the caller may reuse it at once.
     *
     * @param batch raw little-endian numbers {@code [samples, sequence, hidden]} in the layout's format, from its
     *     position to its limit, which stay as they are
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when an earlier batch could not be written;
     *     DEFECT, when the batch does not fit the layout
     */
    public void append(ByteBuffer batch, int samples) {
        throwFailure();
        if (finished || samples < 1 || samples > layout.samples() - appended) {
            throw BlocksmithException.defect(
                    "%s: cannot append %d samples after %d of %d%s",
                    directory, samples, appended, layout.samples(), finished ? ", it is finished" : "");
        }
        if (batch.remaining() != layout.batchBytes(samples)) {
            throw BlocksmithException.defect(
                    "%s: %d samples take %d bytes, the batch has %d",
                    directory, samples, layout.batchBytes(samples), batch.remaining());
        }
        ByteBuffer rest = batch.duplicate();
        while (rest.hasRemaining()) {
            ByteBuffer free = nextFree(batch.remaining());
            int count = Math.min(free.capacity(), rest.remaining());
            free.clear().put(rest.slice().limit(count)).flip();
            rest.position(rest.position() + count);
            writes.set(turn, thread.submit(() -> write(free)));
            turn = (turn + 1) % RING;
        }
        appended += samples;
    }

    /**
     * Waits until everything is on disk, forced.
     *
     * @return the shards, in order
     * @throws io.blocksmith.failure.BlocksmithException ENVIRONMENT, when something could not be written; DEFECT,
     *     when samples are missing
     */
    public List<Path> finish() {
        throwFailure();
        if (appended != layout.samples()) {
            throw BlocksmithException.defect(
                    "%s: %d samples expected, %d appended", directory, layout.samples(), appended);
        }
        for (Future<?> write : writes) {
            await(write);
        }
        throwFailure();
        try {
            TokenFile.forceDirectory(directory);
        } catch (IOException e) {
            throw cannotWrite(e);
        }
        finished = true;
        return List.copyOf(shards);
    }

    /** Stops the thread and frees the buffers; deletes the shards unless {@link #finish()} has returned. */
    @Override
    public void close() {
        abandoned = !finished;
        thread.close();
        try {
            if (shard != null) {
                shard.close();
                shard = null;
            }
            if (abandoned) {
                for (Path path : shards) {
                    Files.deleteIfExists(path);
                }
            }
        } catch (IOException e) {
            throw cannotWrite(e);
        } finally {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }

    /** The buffer whose turn it is, once its earlier content is written. */
    private ByteBuffer nextFree(int bytes) {
        if (ring.isEmpty()) {
            for (int i = 0; i < RING; i++) {
                ring.add(arena.allocate(bytes, Long.BYTES).asByteBuffer());
                writes.add(null);
            }
        }
        if (writes.get(turn) != null) {
            await(writes.get(turn));
            throwFailure();
        }
        return ring.get(turn);
    }

    private void await(Future<?> write) {
        if (write == null) {
            return;
        }
        try {
            write.get();
        } catch (ExecutionException e) {
            throw new AssertionError("the task catches everything", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlocksmithException.transientFault(e, "%s: interrupted while writing", directory);
        }
    }

    private void throwFailure() {
        if (failure != null) {
            throw cannotWrite(failure);
        }
    }

    private BlocksmithException cannotWrite(Throwable cause) {
        return BlocksmithException.environment(cause, "%s: hidden states cannot be written: %s", directory, cause);
    }

    /** On the writing thread. */
    private void write(ByteBuffer numbers) {
        if (failure != null || abandoned) {
            return;
        }
        try {
            while (numbers.hasRemaining()) {
                if (shard == null) {
                    openShard();
                }
                int end = numbers.limit();
                numbers.limit(numbers.position() + (int) Math.min(shardRemaining, numbers.remaining()));
                while (numbers.hasRemaining()) {
                    shardRemaining -= shard.write(numbers);
                }
                numbers.limit(end);
                if (shardRemaining == 0) {
                    shard.force(true);
                    shard.close();
                    shard = null;
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        }
    }

    private void openShard() throws IOException {
        int index = shards.size();
        Path path = directory.resolve(ActivationLayout.shardName(index));
        shard = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        shards.add(path);
        ShardHeader header = layout.header(index);
        ByteBuffer bytes = header.encode();
        while (bytes.hasRemaining()) {
            shard.write(bytes);
        }
        shardRemaining = header.samples() * layout.sampleBytes();
    }
}
