package io.blocksmith.export;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.safetensors.ShardedWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * GPTQ folders as GPTQModel, transformers, vLLM and SGLang read them; tensors as in {@link GptqLayout}, everything else
 * float16. Asymmetric models are version 2 of the format, because version 1 stores {@code z - 1} and has no place for
 * {@code z = 0}; symmetric ones are version 1, which more readers take.
 */
public final class GptqExport implements ModelExport {
    /** Holds the same object as {@code quantization_config} in config.json, for readers of before that key. */
    static final String QUANTIZE_CONFIG = "quantize_config.json";

    private final String quantizer;
    private final long shardBytes;

    /**
     * @param quantizer {@code name:version} of the program, kept in the configuration
     * @param shardBytes most bytes of tensor data in one file
     */
    public GptqExport(String quantizer, long shardBytes) {
        this.quantizer = quantizer;
        this.shardBytes = shardBytes;
    }

    /**
     * Codes are packed along K and zero points along N, so both must fill whole 32-bit words. That is what the format
     * can hold and vLLM loads; GPTQModel, and transformers through it, make their buffers for multiples of 32 at any
     * number of bits.
     */
    @Override
    public Optional<String> refusal(LlamaConfig config, Quantization grid) {
        // Columns first: they are what a user can least change.
        for (Linear linear : Linear.values()) {
            if (config.columns(linear) % GptqLayout.unit(grid.bits()) != 0) {
                return Optional.of(refusal(grid, linear, config.columns(linear), "input columns"));
            }
        }
        for (Linear linear : Linear.values()) {
            if (config.rows(linear) % GptqLayout.unit(grid.bits()) != 0) {
                return Optional.of(refusal(grid, linear, config.rows(linear), "output rows"));
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<String> refusal(LlamaConfig config, Quantization grid, WeightScan weights) {
        return weights.beyondFloat16(LlamaNames.plain(config))
                .map(reason -> "%s, as which %s stores it".formatted(reason, ExportFormat.GPTQ.key()))
                .or(() -> LlamaNames.linears(config).stream()
                        .flatMap(name -> GptqLayout.refusal(weights.tensors().get(name), grid).stream())
                        .findFirst())
                .map(reason -> "%s; a format that can hold this model: --set 'exports=[%s]'"
                        .formatted(reason, ExportFormat.DEQUANTIZED.key()));
    }

    private static String refusal(Quantization grid, Linear linear, long found, String what) {
        return "%s: %d %s are not a multiple of %d, which %s needs at %d bits; formats that can hold this model: %s"
                .formatted(
                        LlamaNames.linear(0, linear),
                        found,
                        what,
                        GptqLayout.unit(grid.bits()),
                        ExportFormat.GPTQ.key(),
                        grid.bits(),
                        ExportFormat.DEQUANTIZED.key());
    }

    @Override
    public void write(ExportSource source, Path emptyFolder) {
        ModelFiles.prepare(emptyFolder);
        GptqLayout layout = new GptqLayout(source.grid());
        List<TensorInfo> tensors = tensors(source, layout);
        try (ShardedWriter writer = ShardedWriter.create(emptyFolder, tensors, Map.of("format", "pt"), shardBytes)) {
            source.walk(new ExportSource.Visitor() {
                @Override
                public void plain(FloatTensor tensor) {
                    tensor.write(writer, TensorType.F16);
                }

                @Override
                public void linear(PackedLinear linear) {
                    layout.write(linear, writer);
                }
            });
            writer.finish();
        }
        ObjectNode config = ModelFiles.config(source.checkpoint().folder());
        ObjectNode quantization = quantization(source.grid());
        config.set("quantization_config", quantization);
        ModelFiles.setHead(config, source.config().tiedHead());
        ModelFiles.setNumberFormat(config, "float16");
        ModelFiles.copyCompanions(source.checkpoint().folder(), emptyFolder);
        ModelFiles.write(emptyFolder.resolve(QUANTIZE_CONFIG), quantization);
        ModelFiles.write(emptyFolder.resolve(ConfigFile.NAME), config);
    }

    /** Every tensor of the folder in the order of its data. */
    static List<TensorInfo> tensors(ExportSource source, GptqLayout layout) {
        List<TensorInfo> tensors = new ArrayList<>();
        source.walk(new ExportSource.Visitor() {
            @Override
            public void plain(FloatTensor tensor) {
                tensors.add(tensor.info(TensorType.F16));
            }

            @Override
            public void linear(PackedLinear linear) {
                tensors.addAll(layout.tensors(linear));
            }
        });
        return tensors;
    }

    private ObjectNode quantization(Quantization grid) {
        String version = grid.symmetric() ? "gptq" : "gptq_v2";
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("quant_method", "gptq");
        root.put("bits", grid.bits());
        root.put("group_size", grid.groupSize());
        root.put("desc_act", false);
        root.put("sym", grid.symmetric());
        root.put("lm_head", false);
        // vLLM and GPTQModel read checkpoint_format, newer transformers format.
        root.put("checkpoint_format", version);
        root.put("format", version);
        root.put("pack_dtype", "int32");
        root.put("true_sequential", true);
        // Never used here, but transformers refuses a configuration without a number in (0, 1).
        root.put("damp_percent", 0.01);
        root.putObject("dynamic");
        root.putObject("meta").putArray("quantizer").add(quantizer);
        return root;
    }

    @Override
    public void verify(ExportSource source, Path folder) {
        ModelFiles.verifyCompanions(source.checkpoint().folder(), folder);
        try (GptqDecoder decoder = GptqDecoder.open(folder)) {
            new GptqComparison(source, decoder).run();
        }
    }
}
