package io.blocksmith.data;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * A whole token stream on disk, mapped for random access: int32 little-endian numbers and nothing else. Owns the
 * mapping; may be read by many threads.
 */
public final class TokenFile implements AutoCloseable {
    private static final ValueLayout.OfInt TOKEN = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path source;
    private final Arena arena;
    private final MemorySegment tokens;

    private TokenFile(Path source, Arena arena, MemorySegment tokens) {
        this.source = source;
        this.arena = arena;
        this.tokens = tokens;
    }

    /**
     * Writes all tokens of {@code source} to {@code file} and opens it. The file appears, in place of an older one,
     * when it is complete and forced to disk; on failure nothing is left.
     *
     * @throws io.blocksmith.failure.BlocksmithException USER, when the source is at fault or yields no token;
     *     ENVIRONMENT, when the file cannot be written
     */
    public static TokenFile write(Path file, TokenSource source) {
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try {
            try {
                writePartial(partial, source);
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                forceDirectory(file.toAbsolutePath().getParent());
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw cannotWrite(e, file);
        }
        return open(file, source.file());
    }

    /**
     * Opens a file that {@link #write} left.
     *
     * @param source the text the tokens came from, named in messages
     */
    public static TokenFile open(Path file, Path source) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long bytes = channel.size();
            if (bytes == 0 || bytes % Integer.BYTES != 0) {
                throw BlocksmithException.environment(
                        null,
                        "%s: expected a multiple of %d bytes above 0, found %d; the file is torn, delete it",
                        file,
                        Integer.BYTES,
                        bytes);
            }
            return new TokenFile(source, arena, channel.map(MapMode.READ_ONLY, 0, bytes, arena));
        } catch (IOException e) {
            arena.close();
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        } catch (BlocksmithException e) {
            arena.close();
            throw e;
        }
    }

    /** The text the tokens came from. */
    public Path source() {
        return source;
    }

    /** Tokens in the stream. */
    public long length() {
        return tokens.byteSize() / Integer.BYTES;
    }

    /** A copy of {@code count} tokens from position {@code first} of the stream on. */
    public int[] tokens(long first, int count) {
        Objects.checkFromIndexSize(first, count, length());
        int[] copy = new int[count];
        MemorySegment.copy(tokens, TOKEN, first * Integer.BYTES, copy, 0, count);
        return copy;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static void writePartial(Path partial, TokenSource source) throws IOException {
        try (FileChannel channel = FileChannel.open(
                partial, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
            source.forEach(token -> {
                buffer.putInt(token);
                if (!buffer.hasRemaining()) {
                    try {
                        drain(buffer, channel);
                    } catch (IOException e) {
                        throw cannotWrite(e, partial);
                    }
                }
            });
            drain(buffer, channel);
            if (channel.position() == 0) {
                throw BlocksmithException.user("%s: expected text, found no token in it", source.file());
            }
            channel.force(true);
        }
    }

    private static void drain(ByteBuffer buffer, FileChannel channel) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    /** A rename is durable only when the folder that holds the name is. */
    static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static BlocksmithException cannotWrite(IOException e, Path file) {
        return BlocksmithException.environment(e, "%s: cannot be written: %s", file, e);
    }
}
