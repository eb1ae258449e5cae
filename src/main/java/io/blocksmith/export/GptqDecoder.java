package io.blocksmith.export;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Reads GPTQ folders back to numbers: versions 1 and 2, 2, 3, 4 and 8 bits, any group size, columns assigned to groups by
 * {@code g_idx}. Written from the format's description ({@code W[n, k] = (code[k, n] - z[g, n]) * s[g, n]} with
 * {@code g = g_idx[k]}; field i of a packed stream is its bits {@code [b*i, b*i+b)}), not from {@link GptqLayout}: it is
 * what proves our exports.
 */
public final class GptqDecoder implements AutoCloseable {
    private static final ValueLayout.OfInt WORD = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final GptqSettings settings;
    private final Checkpoint checkpoint;

    private GptqDecoder(GptqSettings settings, Checkpoint checkpoint) {
        this.settings = settings;
        this.checkpoint = checkpoint;
    }

    /** Opens {@code folder}; a broken one is a USER error. */
    public static GptqDecoder open(Path folder) {
        return new GptqDecoder(GptqSettings.read(folder), Checkpoint.open(folder));
    }

    public GptqSettings settings() {
        return settings;
    }

    /** The tensors behind the decoder, e.g. for those that are not packed. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** Checks that the tensors of {@code linear} are there for a weight [N, K]; anything else is a USER error. */
    public void requireLinear(String linear, long rows, long columns) {
        long group = settings.groupColumns(columns);
        long groups = (columns + group - 1) / group;
        require(linear + ".qweight", TensorType.I32, columns * settings.bits() / 32, rows);
        require(linear + ".qzeros", TensorType.I32, groups, rows * settings.bits() / 32);
        require(linear + ".scales", checkpoint.info(linear + ".scales").type(), groups, rows);
        require(linear + ".g_idx", TensorType.I32, columns);
        requireGroups(linear, groups);
    }

    private void require(String name, TensorType type, Long... shape) {
        TensorInfo info = checkpoint.info(name);
        List<Long> expected = Arrays.asList(shape);
        if (info.type() != type || !info.shape().equals(expected)) {
            throw BlocksmithException.user(
                    "%s: tensor %s: %s %s, expected %s %s",
                    checkpoint.folder(), name, info.type(), info.shapeText(), type, expected);
        }
    }

    private void requireGroups(String linear, long groups) {
        int[] found = groupOfColumns(linear);
        for (int column = 0; column < found.length; column++) {
            if (found[column] < 0 || found[column] >= groups) {
                throw BlocksmithException.user(
                        "%s: tensor %s.g_idx: column %d belongs to group %d, expected 0 to %d",
                        checkpoint.folder(), linear, column, found[column], groups - 1);
            }
        }
    }

    /** Group of each column, [K], as stored. */
    public int[] groupOfColumns(String linear) {
        try (Arena arena = Arena.ofConfined()) {
            return checkpoint.map(linear + ".g_idx", arena).toArray(WORD);
        }
    }

    /** Step sizes [N, G], widened from the stored type. */
    public float[] stepSizes(String linear) {
        TensorInfo info = checkpoint.info(linear + ".scales");
        int groups = Math.toIntExact(info.shape().get(0));
        int rows = Math.toIntExact(info.shape().get(1));
        float[] stored = new float[groups * rows];
        try (Arena arena = Arena.ofConfined()) {
            Floats.decode(checkpoint.map(info.name(), arena), info.type(), MemorySegment.ofArray(stored));
        }
        float[] stepSizes = new float[stored.length];
        for (int i = 0; i < stored.length; i++) {
            stepSizes[i % rows * groups + i / rows] = stored[i];
        }
        return stepSizes;
    }

    /** Zero points [N, G]; version 1's are one more than what is stored, up to {@code 2^b} as vLLM reads them. */
    public int[] zeroPoints(String linear) {
        List<Long> shape = checkpoint.info(linear + ".scales").shape();
        int groups = Math.toIntExact(shape.get(0));
        int rows = Math.toIntExact(shape.get(1));
        int added = settings.offByOne() ? 1 : 0;
        int[] zeroPoints = new int[groups * rows];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment packed = checkpoint.map(linear + ".qzeros", arena);
            long words = checkpoint.info(linear + ".qzeros").shape().get(1);
            for (int group = 0; group < groups; group++) {
                for (int row = 0; row < rows; row++) {
                    zeroPoints[row * groups + group] = field(packed, group * words, 1, row) + added;
                }
            }
        }
        return zeroPoints;
    }

    /** Codes of the rows from {@code firstRow} on, K to a row, as many rows as {@code codes} holds. */
    public void codes(String linear, long firstRow, byte[] codes) {
        long rows = checkpoint.info(linear + ".qweight").shape().get(1);
        int columns = Math.toIntExact(checkpoint.info(linear + ".g_idx").shape().get(0));
        int count = codes.length / columns;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment packed = checkpoint.map(linear + ".qweight", arena);
            for (int column = 0; column < columns; column++) {
                for (int row = 0; row < count; row++) {
                    codes[row * columns + column] = (byte) field(packed, firstRow + row, rows, column);
                }
            }
        }
    }

    /** Field {@code i} of the stream whose words are {@code first}, {@code first + stride}, ... of {@code packed}. */
    private int field(MemorySegment packed, long first, long stride, int i) {
        long bit = (long) settings.bits() * i;
        long word = first + bit / 32 * stride;
        int shift = (int) (bit % 32);
        int value = packed.getAtIndex(WORD, word) >>> shift;
        if (shift + settings.bits() > 32) {
            value |= packed.getAtIndex(WORD, word + stride) << (32 - shift);
        }
        return value & ((1 << settings.bits()) - 1);
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
