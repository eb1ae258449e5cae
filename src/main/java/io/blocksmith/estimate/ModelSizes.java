package io.blocksmith.estimate;

import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;

/**
 * The model before and after, in bytes of tensor data (headers and tokenizer files are some megabytes more). Per linear: N
 * output rows, K input columns, G = K/g groups a row, b bits.
 *
 * @param parameters of the model
 * @param checkpoint bytes of the full-precision checkpoint
 * @param gptq bytes of the GPTQ export: per linear codes N*K*b/8, zero points G*N*b/8, step sizes 2*G*N, group indices
 *     4*K, biases 2*N; embedding, head and norm gains 2 each (F16)
 * @param dequantized bytes of the dequantized export: 4 a parameter for an F32 checkpoint, else 2 (F16)
 * @param averageBits bits per quantized weight with its share of codes, step sizes (F16) and zero points:
 *     {@code b + (16 + b) / g}, the paper's figure
 */
public record ModelSizes(long parameters, long checkpoint, long gptq, long dequantized, double averageBits) {

    static ModelSizes of(LlamaConfig config, long checkpointBytes, TensorType stored, Quantization grid) {
        BlockCounts counts = BlockCounts.of(config, grid);
        long quantized = 0;
        long others = 2 * counts.norms();
        for (Linear linear : Linear.values()) {
            long rows = config.rows(linear);
            long columns = config.columns(linear);
            long groups = columns / grid.groupColumns(columns);
            quantized += BlockCounts.bytes(rows * columns, grid.bits())
                    + BlockCounts.bytes(groups * rows, grid.bits())
                    + 2 * groups * rows;
            others += 4 * columns + (config.hasBias(linear) ? 2 * rows : 0);
        }
        long vocabulary = 2L * config.vocabulary() * config.hidden() * (config.tiedHead() ? 1 : 2);
        long gptq = vocabulary + 2L * config.hidden() + config.blocks() * (quantized + others);
        int bytes = stored == TensorType.F32 ? 4 : 2;
        return new ModelSizes(
                config.parameters(),
                checkpointBytes,
                gptq,
                config.parameters() * bytes,
                8.0 * quantized / counts.weights());
    }
}
