package io.blocksmith.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes one safetensors file. Names, types and shapes are told first; then each tensor's data in that order, in pieces of
 * any size, so that no tensor need be whole in memory. {@link #finish()} forces the file; a file that was not finished is
 * not valid.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int PIECE = 1 << 24;

    private final Path file;
    private final FileChannel channel;
    private final List<TensorInfo> tensors;
    private int current;
    private long written;

    private SafetensorsWriter(Path file, FileChannel channel, List<TensorInfo> tensors) {
        this.file = file;
        this.channel = channel;
        this.tensors = tensors;
    }

    /** Creates or replaces {@code file} and writes its header. */
    public static SafetensorsWriter create(Path file, List<TensorInfo> tensors, Map<String, String> metadata) {
        byte[] json = header(tensors, metadata);
        ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(json.length).put(json).flip();
        try {
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
            while (head.hasRemaining()) {
                channel.write(head);
            }
            return new SafetensorsWriter(file, channel, List.copyOf(tensors));
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
    }

    private static byte[] header(List<TensorInfo> tensors, Map<String, String> metadata) {
        Map<String, Object> root = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            root.put("__metadata__", metadata);
        }
        long position = 0;
        for (TensorInfo tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.type().name());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(position, position + tensor.bytes()));
            position += tensor.bytes();
            if (root.put(tensor.name(), entry) != null) {
                throw BlocksmithException.defect("safetensors: tensor %s twice in one file", tensor.name());
            }
        }
        try {
            byte[] json = new ObjectMapper().writeValueAsBytes(root);
            // The data is aligned to 8 bytes by blanks after the JSON, as the reference implementation does.
            byte[] padded = new byte[(json.length + 7) / 8 * 8];
            System.arraycopy(json, 0, padded, 0, json.length);
            Arrays.fill(padded, json.length, padded.length, (byte) ' ');
            return padded;
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("safetensors header: %s", e.getMessage());
        }
    }

    /** Appends data of the tensor {@code name}, which must be the next one that is not complete. */
    public void write(String name, MemorySegment data) {
        while (current < tensors.size() && written == tensors.get(current).bytes()) {
            current++;
            written = 0;
        }
        if (current == tensors.size() || !tensors.get(current).name().equals(name)) {
            throw BlocksmithException.defect(
                    "%s: data of %s, but %s is next",
                    file,
                    name,
                    current == tensors.size() ? "nothing" : tensors.get(current).name());
        }
        if (written + data.byteSize() > tensors.get(current).bytes()) {
            throw BlocksmithException.defect(
                    "%s: %s: %d bytes written, its shape holds %d",
                    file, name, written + data.byteSize(), tensors.get(current).bytes());
        }
        try {
            for (long at = 0; at < data.byteSize(); at += PIECE) {
                ByteBuffer piece = buffer(data.asSlice(at, Math.min(PIECE, data.byteSize() - at)));
                while (piece.hasRemaining()) {
                    channel.write(piece);
                }
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
        written += data.byteSize();
    }

    /** Only byte arrays and native memory have buffers; an array of anything else is copied. */
    private static ByteBuffer buffer(MemorySegment piece) {
        return piece.isNative() ? piece.asByteBuffer() : ByteBuffer.wrap(piece.toArray(ValueLayout.JAVA_BYTE));
    }

    /** Checks that every tensor is complete and forces the file to disk. */
    public void finish() {
        requireComplete();
        try {
            channel.force(true);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be forced to disk: %s", file, Reason.of(e));
        }
    }

    /** Checks that every tensor is complete, for a file that somebody else will force. */
    public void requireComplete() {
        boolean complete = tensors.isEmpty()
                || (current >= tensors.size() - 1
                        && written == tensors.getLast().bytes());
        if (!complete) {
            throw BlocksmithException.defect(
                    "%s: finished while tensor %s is incomplete",
                    file, tensors.get(current).name());
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
