package io.blocksmith.export;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.Floats;
import io.blocksmith.safetensors.ShardedWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.ExportFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;

/** A floating-point tensor of an export, told in float32 pieces from its first element to its last. */
record FloatTensor(String name, List<Long> shape, Source source) {
    private static final int PIECE = 1 << 18;

    /** Tells the elements in order. */
    interface Source {
        void tell(Pieces pieces);
    }

    /** Takes the elements that follow the last piece. */
    interface Pieces {
        void take(float[] values);
    }

    FloatTensor {
        shape = List.copyOf(shape);
    }

    /** A tensor of numbers at hand. */
    static FloatTensor of(String name, Supplier<float[]> values, long length) {
        return new FloatTensor(name, List.of(length), pieces -> pieces.take(values.get()));
    }

    /** A tensor of {@code checkpoint}, F32, F16 or BF16. */
    static FloatTensor of(Checkpoint checkpoint, String name) {
        TensorInfo info = checkpoint.info(name);
        return new FloatTensor(name, info.shape(), pieces -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment data = checkpoint.map(name, arena);
                for (long first = 0; first < info.elements(); first += PIECE) {
                    int count = (int) Math.min(PIECE, info.elements() - first);
                    pieces.take(decode(data, info.type(), first, count));
                }
            }
        });
    }

    private static float[] decode(MemorySegment data, TensorType type, long first, int count) {
        float[] values = new float[count];
        MemorySegment slice = data.asSlice(first * type.bytes(), (long) count * type.bytes());
        Floats.decode(slice, type, MemorySegment.ofArray(values));
        return values;
    }

    /** Its entry when stored as {@code type}. */
    TensorInfo info(TensorType type) {
        return new TensorInfo(name, type, shape, 0, 0);
    }

    /** Writes it as {@code type}; a number that float16 cannot hold is a USER error. */
    void write(ShardedWriter writer, TensorType type) {
        source.tell(values -> {
            byte[] encoded = new byte[Math.multiplyExact(values.length, type.bytes())];
            MemorySegment data = MemorySegment.ofArray(encoded);
            Floats.encode(MemorySegment.ofArray(values), type, data);
            if (type == TensorType.F16) {
                requireInRange(values);
            }
            writer.write(name, data);
        });
    }

    private void requireInRange(float[] values) {
        for (float value : values) {
            if (Float.isFinite(value) && !fitsFloat16(value)) {
                throw BlocksmithException.user(
                        "%s: %s does not fit float16, whose largest number is 65504; the format %s can hold it",
                        name, value, ExportFormat.DEQUANTIZED.key());
            }
        }
    }

    /** Whether the finite {@code value} is a number in float16, too. */
    static boolean fitsFloat16(float value) {
        return !Float.isInfinite(Float.float16ToFloat(Float.floatToFloat16(value)));
    }

    /** Whether every element is a number in float16, too. */
    boolean fitsFloat16() {
        boolean[] fits = {true};
        source.tell(values -> {
            for (float value : values) {
                fits[0] &= fitsFloat16(value);
            }
        });
        return fits[0];
    }

    /** Compares it with what {@code checkpoint} holds, bit by bit; a difference is a DEFECT. */
    void verify(Checkpoint checkpoint, TensorType type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = checkpoint.map(name, arena);
            long[] position = {0};
            source.tell(values -> {
                float[] found = decode(data, type, position[0], values.length);
                for (int i = 0; i < values.length; i++) {
                    float expected = rounded(values[i], type);
                    if (Float.floatToRawIntBits(expected) != Float.floatToRawIntBits(found[i])) {
                        throw Difference.of(checkpoint, name, index(position[0] + i), expected, found[i]);
                    }
                }
                position[0] += values.length;
            });
        }
    }

    private static float rounded(float value, TensorType type) {
        return type == TensorType.F16 ? Float.float16ToFloat(Float.floatToFloat16(value)) : value;
    }

    private String index(long element) {
        return shape.size() == 1
                ? "[%d]".formatted(element)
                : "[%d, %d]".formatted(element / shape.getLast(), element % shape.getLast());
    }
}
