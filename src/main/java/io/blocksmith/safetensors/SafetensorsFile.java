package io.blocksmith.safetensors;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import io.blocksmith.files.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * One safetensors file: {@code u64 N (little endian) | N bytes of JSON | data}. Opening it reads and checks the header;
 * data is mapped tensor by tensor, so that what is resident is what is in use.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final int LENGTH_BYTES = 8;

    private final Path file;
    private final FileChannel channel;
    private final Header header;
    private final long dataStart;

    private SafetensorsFile(Path file, FileChannel channel, Header header, long dataStart) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.dataStart = dataStart;
    }

    /** Opens and checks {@code file}; a broken one is a USER error that names what is wrong and where. */
    public static SafetensorsFile open(Path file) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            SafetensorsFile opened = open(file, channel);
            channel = null;
            return opened;
        } catch (NoSuchFileException e) {
            throw BlocksmithException.user("%s: no such file", file);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be read: %s", file, Reason.of(e));
        } finally {
            closeQuietly(channel);
        }
    }

    private static SafetensorsFile open(Path file, FileChannel channel) throws IOException {
        long size = Files.size(file);
        ForeignContent.requireNone(file);
        if (size < LENGTH_BYTES) {
            throw BlocksmithException.user("%s: %d bytes are too few for a safetensors file", file, size);
        }
        long length =
                read(channel, 0, LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > Header.LARGEST) {
            throw BlocksmithException.user(
                    "%s: header length %s, expected 2 to %d bytes: not a safetensors file, or a damaged one",
                    file, Long.toUnsignedString(length), Header.LARGEST);
        }
        if (length > size - LENGTH_BYTES) {
            throw BlocksmithException.user(
                    "%s: truncated: the header alone is %d bytes, the file has %d", file, length, size);
        }
        Header header =
                Header.parse(file, read(channel, LENGTH_BYTES, (int) length).array());
        long expected = LENGTH_BYTES + length + header.dataBytes();
        if (size != expected) {
            throw BlocksmithException.user(
                    "%s: %s: the header describes %d bytes, the file has %d; copy it again",
                    file, size < expected ? "truncated" : "longer than its header says", expected, size);
        }
        return new SafetensorsFile(file, channel, header, LENGTH_BYTES + length);
    }

    private static ByteBuffer read(FileChannel channel, long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException("end of file");
            }
        }
        return buffer.flip();
    }

    private static void closeQuietly(FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // The failure that brought us here is the one to tell.
                return;
            }
        }
    }

    public Path path() {
        return file;
    }

    /** Every tensor, in the order of the data. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** The free-form pairs under {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** The entry of {@code name}; absent is a USER error. */
    public TensorInfo info(String name) {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw BlocksmithException.user("%s: no tensor %s in it", file, name);
        }
        return info;
    }

    /** Maps the data of {@code name} read-only for as long as {@code arena} lives; writing to it crashes the process. */
    public MemorySegment map(String name, Arena arena) {
        TensorInfo info = info(name);
        try {
            return channel.map(MapMode.READ_ONLY, dataStart + info.begin(), info.bytes(), arena);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: tensor %s cannot be mapped: %s", file, name, Reason.of(e));
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be closed: %s", file, Reason.of(e));
        }
    }
}
