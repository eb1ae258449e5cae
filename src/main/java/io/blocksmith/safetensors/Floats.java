package io.blocksmith.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.blocksmith.failure.BlocksmithException;
import java.lang.foreign.MemorySegment;

/** Floating-point tensor data to float32 and back, in our own code: DJL aborts the JVM on a BFLOAT16 array. */
public final class Floats {
    private Floats() {}

    /** Whether {@link #decode} reads {@code type}. */
    public static boolean readable(TensorType type) {
        return type == TensorType.F32 || type == TensorType.F16 || type == TensorType.BF16;
    }

    /** Widens every element of {@code source}, stored as {@code type}, into float32 in {@code target}. Exact. */
    public static void decode(MemorySegment source, TensorType type, MemorySegment target) {
        long count = source.byteSize() / type.bytes();
        if (target.byteSize() != 4 * count) {
            throw BlocksmithException.defect("%d floats do not fit %d bytes", count, target.byteSize());
        }
        if (type == TensorType.F32) {
            MemorySegment.copy(source, 0, target, 0, source.byteSize());
        } else if (type == TensorType.BF16) {
            for (long i = 0; i < count; i++) {
                float value = Float.intBitsToFloat(source.get(JAVA_SHORT_UNALIGNED, 2 * i) << 16);
                target.set(JAVA_FLOAT_UNALIGNED, 4 * i, value);
            }
        } else if (type == TensorType.F16) {
            for (long i = 0; i < count; i++) {
                float value = Float.float16ToFloat(source.get(JAVA_SHORT_UNALIGNED, 2 * i));
                target.set(JAVA_FLOAT_UNALIGNED, 4 * i, value);
            }
        } else {
            throw BlocksmithException.defect("%s is no floating-point format of weights", type);
        }
    }

    /** Rounds every float32 of {@code source} to the nearest, ties to even, of {@code type} in {@code target}. */
    public static void encode(MemorySegment source, TensorType type, MemorySegment target) {
        long count = source.byteSize() / 4;
        if (target.byteSize() != count * type.bytes()) {
            throw BlocksmithException.defect("%d numbers do not fit %d bytes", count, target.byteSize());
        }
        if (type == TensorType.F32) {
            MemorySegment.copy(source, 0, target, 0, source.byteSize());
        } else if (type == TensorType.BF16) {
            for (long i = 0; i < count; i++) {
                target.set(JAVA_SHORT_UNALIGNED, 2 * i, toBfloat16(source.get(JAVA_FLOAT_UNALIGNED, 4 * i)));
            }
        } else if (type == TensorType.F16) {
            for (long i = 0; i < count; i++) {
                short half = Float.floatToFloat16(source.get(JAVA_FLOAT_UNALIGNED, 4 * i));
                target.set(JAVA_SHORT_UNALIGNED, 2 * i, half);
            }
        } else {
            throw BlocksmithException.defect("%s is no floating-point format of weights", type);
        }
    }

    private static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) 0x7FC0;
        }
        int roundUp = 0x7FFF + ((bits >>> 16) & 1);
        return (short) ((bits + roundUp) >>> 16);
    }
}
