package io.blocksmith.packed;

import ai.djl.ndarray.NDArray;
import io.blocksmith.llama.Linear;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What E2E-QP leaves behind: the step sizes ({@code 3.mlp.up_proj.step_size}, F32) and zero points ({@code .zero_point},
 * U8) of every linear, each [R] = [N * G], as the quantizer uses them. Codes stay where Block-AP wrote them.
 */
public final class ScalesFile implements AutoCloseable {
    private static final List<Linear> ORDER = List.of(Linear.values());

    private final SafetensorsFile file;

    private ScalesFile(SafetensorsFile file) {
        this.file = file;
    }

    /** Writes and forces the scales of {@code linears}, seven to a block in the order of {@link Linear}. */
    public static void write(Path target, List<PackedWeight> linears) {
        Map<TensorInfo, NDArray> content = new LinkedHashMap<>();
        for (int i = 0; i < linears.size(); i++) {
            String name = name(i / ORDER.size(), ORDER.get(i % ORDER.size()));
            long groups = linears.get(i).stepSize().getShape().size();
            content.put(
                    TensorInfo.of(name + ".step_size", TensorType.F32, groups),
                    linears.get(i).stepSize());
            content.put(
                    TensorInfo.of(name + ".zero_point", TensorType.U8, groups),
                    linears.get(i).zeroPoint());
        }
        Map<String, String> metadata = Map.of("format", "blocksmith-scales-1");
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, List.copyOf(content.keySet()), metadata)) {
            content.forEach((info, array) -> BlockFile.write(writer, info, array));
            writer.finish();
        }
    }

    public static ScalesFile open(Path path) {
        return new ScalesFile(SafetensorsFile.open(path));
    }

    /** Step sizes of a linear, [N, G] row by row. */
    public float[] stepSizes(int block, Linear linear) {
        try (Arena arena = Arena.ofConfined()) {
            return file.map(name(block, linear) + ".step_size", arena).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    /** Zero points of a linear, [N, G] row by row, in [0, maxCode]. */
    public byte[] zeroPoints(int block, Linear linear) {
        try (Arena arena = Arena.ofConfined()) {
            return file.map(name(block, linear) + ".zero_point", arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static String name(int block, Linear linear) {
        return block + "." + linear.module();
    }

    @Override
    public void close() {
        file.close();
    }
}
