package io.blocksmith.store;

import static java.nio.file.StandardOpenOption.READ;

import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hexadecimal. */
final class Digests {
    private static final int CHUNK_BYTES = 1 << 20;

    private Digests() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static String sha256(byte[] content) {
        return HexFormat.of().formatHex(sha256().digest(content));
    }

    /** Length and digest of a file that is, or is to be, the object {@code name}. */
    static ObjectRef of(String name, Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, READ)) {
            return of(name, channel);
        }
    }

    /**
     * Reads {@code content} to its end. The chunk's memory goes back at once: a direct buffer of Java's own would wait for
     * the next garbage collection, and hundreds of objects may be read before that.
     */
    static ObjectRef of(String name, ReadableByteChannel content) throws IOException {
        MessageDigest digest = sha256();
        long bytes = 0;
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer chunk = arena.allocate(CHUNK_BYTES).asByteBuffer();
            while (content.read(chunk.clear()) >= 0) {
                bytes += chunk.flip().remaining();
                digest.update(chunk);
            }
        }
        return new ObjectRef(name, bytes, hex(digest));
    }
}
