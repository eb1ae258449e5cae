package io.blocksmith.packed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.quant.CodePlanes;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import io.blocksmith.tensor.Fill;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A trained block as a safetensors file. N output rows, K input columns, G groups a row. Per linear, below its module name
 * (e.g. {@code mlp.up_proj}):
 *
 * <ul>
 *   <li>{@code .codes.0} (and {@code .codes.1} at 3 bits): U8, the planes of {@link CodePlanes};
 *   <li>{@code .step_size}: F32 [N, G], as the quantizer uses it; {@code .zero_point}: U8 [N, G];
 *   <li>{@code .bias}: F32 [N], where the model has one;
 *   <li>{@code .latent}: F32 [N, K], the weight behind the codes, only where a repair pass will train on;
 * </ul>
 *
 * and the norm gains {@code attention_norm} and {@code feed_forward_norm}, F32 [H].
 */
public final class BlockFile implements PackedSource.Block {
    private static final String ATTENTION_NORM = "attention_norm";
    private static final String FEED_FORWARD_NORM = "feed_forward_norm";

    private final LlamaConfig config;
    private final Quantization grid;
    private final SafetensorsFile file;

    private BlockFile(LlamaConfig config, Quantization grid, SafetensorsFile file) {
        this.config = config;
        this.grid = grid;
        this.file = file;
    }

    /** Writes and forces {@code block}; {@code latent} holds the seven weights behind the codes, or is empty. */
    public static void write(
            Path target, LlamaConfig config, Quantization grid, PackedBlock block, Optional<List<NDArray>> latent) {
        Map<TensorInfo, NDArray> content = content(config, grid, block, latent);
        Map<String, String> metadata = Map.of("format", "blocksmith-block-1");
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, List.copyOf(content.keySet()), metadata)) {
            content.forEach((info, array) -> write(writer, info, array));
            writer.finish();
        }
    }

    private static Map<TensorInfo, NDArray> content(
            LlamaConfig config, Quantization grid, PackedBlock block, Optional<List<NDArray>> latent) {
        Map<TensorInfo, NDArray> content = new LinkedHashMap<>();
        int bias = 0;
        for (Linear linear : Linear.values()) {
            PackedWeight weight = block.linears().get(linear.index());
            long groups = weight.columns() / grid.groupColumns(weight.columns());
            String name = linear.module();
            for (int plane = 0; plane < weight.planes().size(); plane++) {
                NDArray packed = weight.planes().get(plane);
                content.put(
                        TensorInfo.of(
                                name + ".codes." + plane,
                                TensorType.U8,
                                packed.getShape().size()),
                        packed);
            }
            content.put(TensorInfo.of(name + ".step_size", TensorType.F32, weight.rows(), groups), weight.stepSize());
            content.put(TensorInfo.of(name + ".zero_point", TensorType.U8, weight.rows(), groups), weight.zeroPoint());
            if (config.hasBias(linear)) {
                content.put(
                        TensorInfo.of(name + ".bias", TensorType.F32, weight.rows()),
                        block.biases().get(bias++));
            }
            if (latent.isPresent()) {
                content.put(
                        TensorInfo.of(name + ".latent", TensorType.F32, weight.rows(), weight.columns()),
                        latent.get().get(linear.index()));
            }
        }
        content.put(
                TensorInfo.of(ATTENTION_NORM, TensorType.F32, config.hidden()),
                block.norms().get(0));
        content.put(
                TensorInfo.of(FEED_FORWARD_NORM, TensorType.F32, config.hidden()),
                block.norms().get(1));
        return content;
    }

    /** Writes {@code array}; a U8 tensor may come from whole float32 numbers. */
    static void write(SafetensorsWriter writer, TensorInfo info, NDArray array) {
        boolean narrowed = info.type() == TensorType.U8 && array.getDataType() == DataType.FLOAT32;
        NDArray stored = narrowed ? array.toType(DataType.UINT8, true) : array.stopGradient();
        try (stored) {
            Fill.read(stored, (_, _, data) -> writer.write(info.name(), data));
        }
    }

    /** Opens a block file, checking that it holds every tensor of the block in its shape. */
    public static BlockFile open(Path path, LlamaConfig config, Quantization grid) {
        BlockFile opened = new BlockFile(config, grid, SafetensorsFile.open(path));
        try {
            for (Linear linear : Linear.values()) {
                opened.require(linear.module() + ".step_size", config.rows(linear) * opened.groups(linear));
                opened.require(linear.module() + ".zero_point", config.rows(linear) * opened.groups(linear));
                List<Integer> widths = CodePlanes.widths(grid.bits());
                for (int plane = 0; plane < widths.size(); plane++) {
                    long count = config.rows(linear) * config.columns(linear);
                    opened.require(linear.module() + ".codes." + plane, CodePlanes.bytes(widths.get(plane), count));
                }
            }
            return opened;
        } catch (BlocksmithException e) {
            opened.close();
            throw e;
        }
    }

    private void require(String name, long elements) {
        if (file.info(name).elements() != elements) {
            throw BlocksmithException.environment(
                    null,
                    "%s: tensor %s: %d elements, expected %d; the block file does not belong to this run",
                    file.path(),
                    name,
                    file.info(name).elements(),
                    elements);
        }
    }

    /** Groups in a row of {@code linear}. */
    public int groups(Linear linear) {
        long columns = config.columns(linear);
        return Math.toIntExact(columns / grid.groupColumns(columns));
    }

    /** The whole block as arrays of {@code manager}. */
    public PackedBlock read(NDManager manager) {
        List<PackedWeight> linears = new ArrayList<>();
        List<NDArray> biases = new ArrayList<>();
        for (Linear linear : Linear.values()) {
            String name = linear.module();
            List<NDArray> planes = new ArrayList<>();
            for (int plane = 0; plane < CodePlanes.widths(grid.bits()).size(); plane++) {
                planes.add(array(name + ".codes." + plane, DataType.UINT8, manager));
            }
            long groups = config.rows(linear) * groups(linear);
            NDArray zeroPoint = array(name + ".zero_point", DataType.UINT8, manager);
            linears.add(new PackedWeight(
                    planes,
                    array(name + ".step_size", DataType.FLOAT32, manager).reshape(groups, 1),
                    zeroPoint.toType(DataType.FLOAT32, true).reshape(groups, 1),
                    config.rows(linear),
                    config.columns(linear)));
            zeroPoint.close();
            if (config.hasBias(linear)) {
                biases.add(array(name + ".bias", DataType.FLOAT32, manager));
            }
        }
        List<NDArray> norms = List.of(
                array(ATTENTION_NORM, DataType.FLOAT32, manager), array(FEED_FORWARD_NORM, DataType.FLOAT32, manager));
        return new PackedBlock(linears, biases, norms);
    }

    /** The weights behind the codes, [N, K] each; absent is a USER error. */
    public List<NDArray> latent(NDManager manager) {
        List<NDArray> latent = new ArrayList<>();
        for (Linear linear : Linear.values()) {
            latent.add(array(linear.module() + ".latent", DataType.FLOAT32, manager));
        }
        return latent;
    }

    private NDArray array(String name, DataType type, NDManager manager) {
        TensorInfo info = file.info(name);
        Shape shape = new Shape(info.shape().stream().mapToLong(Long::longValue).toArray());
        long rowBytes = info.bytes() / Math.max(1, info.shape().getFirst());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = file.map(name, arena);
            return Fill.array(
                    manager,
                    shape,
                    type,
                    (first, last, target) ->
                            target.copyFrom(data.asSlice(first * rowBytes, (last - first) * rowBytes)));
        }
    }

    @Override
    public void codes(Linear linear, long first, byte[] codes) {
        try (Arena arena = Arena.ofConfined()) {
            List<MemorySegment> planes = new ArrayList<>();
            for (int plane = 0; plane < CodePlanes.widths(grid.bits()).size(); plane++) {
                planes.add(file.map(linear.module() + ".codes." + plane, arena));
            }
            CodePlanes.read(planes, grid.bits(), first * config.columns(linear), codes);
        }
    }

    @Override
    public float[] stepSizes(Linear linear) {
        return floats(linear.module() + ".step_size");
    }

    @Override
    public byte[] zeroPoints(Linear linear) {
        try (Arena arena = Arena.ofConfined()) {
            return file.map(linear.module() + ".zero_point", arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Override
    public float[] bias(Linear linear) {
        return floats(linear.module() + ".bias");
    }

    @Override
    public float[] attentionNorm() {
        return floats(ATTENTION_NORM);
    }

    @Override
    public float[] feedForwardNorm() {
        return floats(FEED_FORWARD_NORM);
    }

    private float[] floats(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return file.map(name, arena).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
