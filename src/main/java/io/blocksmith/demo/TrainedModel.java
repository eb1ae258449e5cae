package io.blocksmith.demo;

import io.blocksmith.llama.LlamaConfig;
import java.util.List;

/**
 * What {@link Pretrainer} made.
 *
 * @param values float32 parameters that BF16 holds exactly, in the order of a {@link ModelFolder}
 * @param step optimizer step with the lowest validation loss, from which they are
 * @param validationLoss of these values, nats per token
 */
public record TrainedModel(LlamaConfig config, List<float[]> values, long step, double validationLoss) {
    public TrainedModel {
        values = List.copyOf(values);
    }
}
