package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One open shard, whose header and length were found to be what its layout says. */
final class ShardChannel implements AutoCloseable {
    private final Path path;
    private final ActivationLayout layout;
    private final int index;
    private final FileChannel channel;

    private ShardChannel(Path path, ActivationLayout layout, int index, FileChannel channel) {
        this.path = path;
        this.layout = layout;
        this.index = index;
        this.channel = channel;
    }

    /**
     * Finds, opens and checks a shard.
     *
     * @throws BlocksmithException ENVIRONMENT, when it is missing, torn or of another layout
     */
    static ShardChannel open(ActivationPart part, int index) throws IOException {
        Path path = part.files().shard(index);
        try {
            ShardChannel opened =
                    new ShardChannel(path, part.layout(), index, FileChannel.open(path, StandardOpenOption.READ));
            try {
                opened.check();
                return opened;
            } catch (IOException | RuntimeException broken) {
                opened.close();
                throw broken;
            }
        } catch (NoSuchFileException e) {
            throw BlocksmithException.environment(
                    e,
                    "%s: no such file; expected %d shards; rebuild this boundary",
                    path,
                    part.layout().shards());
        }
    }

    private void check() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ShardHeader.BYTES);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw torn();
            }
        }
        String expected = layout.header(index).describe();
        String found =
                ShardHeader.decode(bytes.flip()).map(ShardHeader::describe).orElse("no known header");
        if (!found.equals(expected)) {
            throw BlocksmithException.environment(
                    null, "%s: expected %s, found %s; rebuild this boundary", path, expected, found);
        }
        if (channel.size() != layout.shardFileBytes(index)) {
            throw torn();
        }
    }

    /** Fills {@code buffer} up to its limit with the samples from {@code sample} of this shard on. */
    void read(int sample, ByteBuffer buffer) throws IOException {
        long position = ShardHeader.BYTES + sample * layout.sampleBytes();
        while (buffer.hasRemaining()) {
            int bytes = channel.read(buffer, position);
            if (bytes < 0) {
                throw torn();
            }
            position += bytes;
        }
    }

    private BlocksmithException torn() throws IOException {
        return BlocksmithException.environment(
                null,
                "%s: expected %d bytes, found %d; the file is torn, rebuild this boundary",
                path,
                layout.shardFileBytes(index),
                channel.size());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
