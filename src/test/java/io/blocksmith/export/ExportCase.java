package io.blocksmith.export;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A small input folder and a made-up trained state of it. */
record ExportCase(ExportSource source, MemoryBlocks blocks) implements AutoCloseable {
    static ExportCase of(Path folder, LlamaConfig config, TensorType type, Quantization grid) {
        TinyModel.write(folder, config, type, 1);
        MemoryBlocks blocks = MemoryBlocks.random(config, grid, 2);
        return new ExportCase(new ExportSource(Checkpoint.open(folder), config, grid, blocks), blocks);
    }

    /** The bytes of a tensor of {@code folder}. */
    static byte[] bytes(Path folder, String tensor) {
        try (Checkpoint checkpoint = Checkpoint.open(folder);
                Arena arena = Arena.ofConfined()) {
            return checkpoint.map(tensor, arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The little-endian words of a tensor of {@code folder}. */
    static int[] words(Path folder, String tensor) {
        ByteBuffer bytes = ByteBuffer.wrap(bytes(folder, tensor)).order(ByteOrder.LITTLE_ENDIAN);
        int[] words = new int[bytes.remaining() / 4];
        bytes.asIntBuffer().get(words);
        return words;
    }

    /** Flips one bit in the middle of a tensor of {@code folder}'s only file. */
    static void flipBit(Path folder, String tensor) {
        TensorInfo info = info(folder, tensor);
        long middle = (info.end() - info.begin()) / 2;
        byte flipped = (byte) (bytes(folder, tensor)[(int) middle] ^ 4);
        overwrite(folder, info, middle, ByteBuffer.wrap(new byte[] {flipped}));
    }

    /** Sets element {@code index} of an F32 tensor of {@code folder}'s only file. */
    static void set(Path folder, String tensor, long index, float value) {
        ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        overwrite(folder, info(folder, tensor), 4 * index, bytes.putFloat(value).flip());
    }

    /** Sets element {@code index} of an I32 tensor of {@code folder}'s only file. */
    static void setInt(Path folder, String tensor, long index, int value) {
        ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        overwrite(folder, info(folder, tensor), 4 * index, bytes.putInt(value).flip());
    }

    private static TensorInfo info(Path folder, String tensor) {
        try (SafetensorsFile opened = SafetensorsFile.open(folder.resolve(Checkpoint.SINGLE))) {
            return opened.info(tensor);
        }
    }

    private static void overwrite(Path folder, TensorInfo info, long offset, ByteBuffer bytes) {
        Path file = folder.resolve(Checkpoint.SINGLE);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(head, 0);
            channel.write(bytes, 8 + head.getLong(0) + info.begin() + offset);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        source.checkpoint().close();
    }
}
