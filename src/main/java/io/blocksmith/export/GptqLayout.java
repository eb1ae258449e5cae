package io.blocksmith.export;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.ShardedWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Quantization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * The tensors of one linear in GPTQ. N output rows, K input columns, G groups, b bits; words are I32:
 *
 * <pre>
 * .qweight  I32 [K*b/32, N]   codes, packed along K
 * .qzeros   I32 [G, N*b/32]   zero points, packed along N; version 2 stores z, version 1 z - 1
 * .scales   F16 [G, N]        step sizes
 * .g_idx    I32 [K]           group of each column
 * </pre>
 *
 * Packed means a stream of b-bit fields, least significant bit first, cut into words. At 3 bits, 32 fields take 3 words
 * and fields 10 and 21 straddle them.
 */
final class GptqLayout {
    private static final ValueLayout.OfInt WORD = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort HALF = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The least number above 0 of float16, 2^-24. */
    private static final short LEAST_HALF = 1;
    /** 2^-18, which float16 still holds to a part in 128. */
    private static final float LEAST_WELL_HELD = 0x1p-18f;

    private final int bits;
    private final boolean symmetric;

    GptqLayout(Quantization grid) {
        this.bits = grid.bits();
        this.symmetric = grid.symmetric();
    }

    /** Numbers that fill whole words: K and N must be multiples of it. */
    static int unit(int bits) {
        return Integer.SIZE / Integer.lowestOneBit(bits);
    }

    /** Entries of {@code linear}, in the order in which {@link #write} writes them. */
    List<TensorInfo> tensors(PackedLinear linear) {
        long rows = linear.rows();
        long columns = linear.columns();
        long groups = linear.groups();
        return List.of(
                TensorInfo.of(linear.name() + ".qweight", TensorType.I32, words(columns), rows),
                TensorInfo.of(linear.name() + ".qzeros", TensorType.I32, groups, words(rows)),
                TensorInfo.of(linear.name() + ".scales", TensorType.F16, groups, rows),
                TensorInfo.of(linear.name() + ".g_idx", TensorType.I32, columns));
    }

    private long words(long fields) {
        return fields * bits / Integer.SIZE;
    }

    /** Writes the tensors of {@code linear}; holds its packed words, one batch of codes and its scales. */
    void write(PackedLinear linear, ShardedWriter writer) {
        try (Arena arena = Arena.ofConfined()) {
            writer.write(linear.name() + ".qweight", codes(linear, arena));
        }
        writer.write(linear.name() + ".qzeros", zeroPoints(linear));
        writer.write(linear.name() + ".scales", stepSizes(linear));
        writer.write(linear.name() + ".g_idx", groupOfColumns(linear));
    }

    private MemorySegment codes(PackedLinear linear, Arena arena) {
        long rows = linear.rows();
        int columns = linear.columns();
        MemorySegment packed = arena.allocate(words(columns) * rows * Integer.BYTES, Integer.BYTES);
        linear.codes((firstRow, count, codes) -> {
            for (int row = 0; row < count; row++) {
                pack(codes, row * columns, columns, packed, firstRow + row, rows);
            }
        });
        return packed;
    }

    private MemorySegment zeroPoints(PackedLinear linear) {
        if (symmetric && !linear.symmetric()) {
            throw BlocksmithException.defect(
                    "%s: a zero point is not %d, as symmetric quantization has it", linear.name(), 1 << (bits - 1));
        }
        byte[] zeroPoints = linear.zeroPoints();
        int rows = linear.rows();
        int groups = linear.groups();
        MemorySegment packed = MemorySegment.ofArray(new byte[Math.toIntExact(groups * words(rows) * Integer.BYTES)]);
        byte[] ofGroup = new byte[rows];
        for (int group = 0; group < groups; group++) {
            for (int row = 0; row < rows; row++) {
                int zeroPoint = zeroPoints[row * groups + group];
                ofGroup[row] = (byte) (symmetric ? zeroPoint - 1 : zeroPoint);
            }
            pack(ofGroup, 0, rows, packed, group * words(rows), 1);
        }
        return packed;
    }

    /** Packs {@code count} fields into the words {@code index}, {@code index + stride}, ... of {@code target}. */
    private void pack(byte[] fields, int first, int count, MemorySegment target, long index, long stride) {
        long pending = 0;
        int filled = 0;
        long word = index;
        for (int i = first; i < first + count; i++) {
            int field = Byte.toUnsignedInt(fields[i]);
            if (field >>> bits != 0) {
                throw BlocksmithException.defect("gptq: %d does not fit %d bits", field, bits);
            }
            pending |= (long) field << filled;
            filled += bits;
            if (filled >= Integer.SIZE) {
                target.setAtIndex(WORD, word, (int) pending);
                word += stride;
                pending >>>= Integer.SIZE;
                filled -= Integer.SIZE;
            }
        }
    }

    private static MemorySegment stepSizes(PackedLinear linear) {
        float[] stepSizes = linear.stepSizes();
        int rows = linear.rows();
        int groups = linear.groups();
        MemorySegment transposed = MemorySegment.ofArray(new byte[stepSizes.length * Short.BYTES]);
        for (int row = 0; row < rows; row++) {
            for (int group = 0; group < groups; group++) {
                short half = half(linear, row, group, stepSizes[row * groups + group]);
                transposed.setAtIndex(HALF, (long) group * rows + row, half);
            }
        }
        return transposed;
    }

    /**
     * The step size as float16 holds it. One below float16's least is stored as that: by {@link #refusal} it is that of a
     * group hundreds of times smaller than its weight's largest.
     */
    static short half(float stepSize) {
        short half = Float.floatToFloat16(stepSize);
        return half == 0 && stepSize > 0 ? LEAST_HALF : half;
    }

    private static short half(PackedLinear linear, int row, int group, float stepSize) {
        short half = half(stepSize);
        float held = Float.float16ToFloat(half);
        if (!(held > 0) || Float.isInfinite(held)) {
            throw BlocksmithException.user(
                    "%s.scales: step size %s of row %d, group %d becomes %s in float16, which gptq stores; "
                            + "expected one above 0 and within 65504; the format %s can hold this model",
                    linear.name(), stepSize, row, group, held, ExportFormat.DEQUANTIZED.key());
        }
        return half;
    }

    /** Why the step sizes of such a weight cannot be held, or not well; empty when they can. */
    static Optional<String> refusal(WeightScan.Tensor weight, Quantization grid) {
        float stepSize = weight.largest() / grid.maxCode();
        if (stepSize == 0 || (stepSize >= LEAST_WELL_HELD && FloatTensor.fitsFloat16(2 * stepSize))) {
            return Optional.empty();
        }
        return Optional.of(
                "%s: its largest magnitude is %s at %s, which needs step sizes of about %.2g; %s stores them as float16, expected %.2g to 32752"
                        .formatted(
                                weight.info().name(),
                                weight.largest(),
                                weight.place(weight.at()),
                                stepSize,
                                ExportFormat.GPTQ.key(),
                                LEAST_WELL_HELD));
    }

    private static MemorySegment groupOfColumns(PackedLinear linear) {
        MemorySegment groups = MemorySegment.ofArray(new byte[linear.columns() * Integer.BYTES]);
        for (int column = 0; column < linear.columns(); column++) {
            groups.setAtIndex(WORD, column, column / linear.groupColumns());
        }
        return groups;
    }
}
