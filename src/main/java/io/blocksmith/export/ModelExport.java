package io.blocksmith.export;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/** One format of model folders. Writing the same state twice gives the same bytes. */
public sealed interface ModelExport permits GptqExport, DequantizedExport {
    /** Tensor data in one file, the limit that Hugging Face's own writer has had for long. */
    long SHARD_BYTES = 5_000_000_000L;

    /** The export of {@code format} as runs make it. */
    static ModelExport of(ExportFormat format) {
        return switch (format) {
            case GPTQ -> new GptqExport("blocksmith:" + version(), SHARD_BYTES);
            case DEQUANTIZED -> new DequantizedExport(SHARD_BYTES);
        };
    }

    private static String version() {
        return Objects.requireNonNullElse(ModelExport.class.getPackage().getImplementationVersion(), "development");
    }

    /** Why this format cannot hold such a model, naming the tensor and the formats that can; empty when it can. */
    Optional<String> refusal(LlamaConfig config, Quantization grid);

    /**
     * Why this format cannot hold the numbers of such a model, naming tensor, place, value and the formats that can; empty
     * when it can.
     */
    Optional<String> refusal(LlamaConfig config, Quantization grid, WeightScan weights);

    /**
     * Writes and forces every file of the model folder.
     *
     * @param emptyFolder where to; made if absent
     */
    void write(ExportSource source, Path emptyFolder);

    /**
     * Reads {@code folder} with a decoder that shares no packing code with the writer and compares every tensor with
     * {@code source}. The first difference is a DEFECT naming tensor, element, expected and found.
     */
    void verify(ExportSource source, Path folder);
}
