package io.blocksmith.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.ShardedWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A plain Llama folder of {@code W^ = (code - z) * s}, which any loader reads: float32 when the input's embedding is or
 * when a number of the model is beyond float16, else float16.
 */
public final class DequantizedExport implements ModelExport {
    private final long shardBytes;

    /** @param shardBytes most bytes of tensor data in one file */
    public DequantizedExport(long shardBytes) {
        this.shardBytes = shardBytes;
    }

    /** Holds every model. */
    @Override
    public Optional<String> refusal(LlamaConfig config, Quantization grid) {
        return Optional.empty();
    }

    @Override
    public Optional<String> refusal(LlamaConfig config, Quantization grid, WeightScan weights) {
        return Optional.empty();
    }

    @Override
    public void write(ExportSource source, Path emptyFolder) {
        ModelFiles.prepare(emptyFolder);
        TensorType type = type(source);
        try (ShardedWriter writer =
                ShardedWriter.create(emptyFolder, tensors(source, type), Map.of("format", "pt"), shardBytes)) {
            each(source, tensor -> tensor.write(writer, type));
            writer.finish();
        }
        ObjectNode config = ModelFiles.config(source.checkpoint().folder());
        config.remove("quantization_config");
        ModelFiles.setHead(config, source.config().tiedHead());
        ModelFiles.setNumberFormat(config, typeName(type));
        ModelFiles.copyCompanions(source.checkpoint().folder(), emptyFolder);
        ModelFiles.write(emptyFolder.resolve(ConfigFile.NAME), config);
    }

    @Override
    public void verify(ExportSource source, Path folder) {
        ModelFiles.verifyCompanions(source.checkpoint().folder(), folder);
        TensorType type = type(source);
        try (Checkpoint written = Checkpoint.open(folder)) {
            Difference.requireEntries(written, tensors(source, type));
            each(source, tensor -> tensor.verify(written, type));
        }
    }

    private static TensorType type(ExportSource source) {
        TensorType input = source.checkpoint().info(LlamaNames.EMBEDDING).type();
        return input == TensorType.F32 || !fitsFloat16(source) ? TensorType.F32 : TensorType.F16;
    }

    private static boolean fitsFloat16(ExportSource source) {
        boolean[] fits = {true};
        source.walk(new ExportSource.Visitor() {
            @Override
            public void plain(FloatTensor tensor) {
                fits[0] = fits[0] && tensor.fitsFloat16();
            }

            @Override
            public void linear(PackedLinear linear) {
                // No weight is larger than all codes' worth of its group's step.
                for (float stepSize : linear.stepSizes()) {
                    fits[0] &= FloatTensor.fitsFloat16(source.grid().maxCode() * stepSize);
                }
            }
        });
        return fits[0];
    }

    private static String typeName(TensorType type) {
        return type == TensorType.F32 ? "float32" : "float16";
    }

    private static List<TensorInfo> tensors(ExportSource source, TensorType type) {
        List<TensorInfo> tensors = new ArrayList<>();
        each(source, tensor -> tensors.add(tensor.info(type)));
        return tensors;
    }

    private static void each(ExportSource source, Consumer<FloatTensor> action) {
        source.walk(new ExportSource.Visitor() {
            @Override
            public void plain(FloatTensor tensor) {
                action.accept(tensor);
            }

            @Override
            public void linear(PackedLinear linear) {
                action.accept(linear.dequantized());
            }
        });
    }
}
