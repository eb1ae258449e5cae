package io.blocksmith.quant;

import io.blocksmith.failure.BlocksmithException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * How codes lie in memory and in block files: the codes of a weight in row order, split into planes of 8, 4, 2 or 1 bits
 * (3 bits = a plane with the low two and a plane with the high one). In a plane of w bits, byte j holds the codes
 * {@code 8/w * j} and following, least significant first; the last byte is padded with zeros.
 */
public final class CodePlanes {
    private CodePlanes() {}

    /** Widths of the planes of {@code bits}, from the low bits up. */
    public static List<Integer> widths(int bits) {
        return switch (bits) {
            case 2 -> List.of(2);
            case 3 -> List.of(2, 1);
            case 4 -> List.of(4);
            case 8 -> List.of(8);
            default -> throw BlocksmithException.defect("no code planes for %d bits", bits);
        };
    }

    /** Bytes of a plane of {@code width} bits for {@code count} codes. */
    public static long bytes(int width, long count) {
        return (count * width + 7) / 8;
    }

    /** Codes {@code [first, first + target.length)} out of their planes. */
    public static void read(List<MemorySegment> planes, int bits, long first, byte[] target) {
        Arrays.fill(target, (byte) 0);
        int shift = 0;
        List<Integer> widths = widths(bits);
        for (int plane = 0; plane < widths.size(); plane++) {
            int width = widths.get(plane);
            int perByte = 8 / width;
            int mask = (1 << width) - 1;
            MemorySegment data = planes.get(plane);
            for (int i = 0; i < target.length; i++) {
                long index = first + i;
                int packed = data.get(ValueLayout.JAVA_BYTE, index / perByte);
                int code = (packed >>> (width * (int) (index % perByte))) & mask;
                target[i] |= (byte) (code << shift);
            }
            shift += width;
        }
    }
}
