package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.Recipe;

/** The floating-point operations of {@link Work}, stage by stage: over all stages of a run they add up to its sums. */
public record StageWork(LlamaConfig config, Recipe recipe) {

    /** One calibration window through one block. */
    public double window() {
        long length = recipe.calibration().sequenceLength();
        return TokenCost.of(config, length).block() * length;
    }

    /** Calibration windows, trained and validated. */
    public int windows() {
        Calibration calibration = recipe.calibration();
        return calibration.trainSamples() + calibration.validationSamples();
    }

    /** One optimizer step of Block-AP over a whole batch. */
    public double blockStep() {
        return 3 * window() * recipe.blockAp().batchSize();
    }

    /** All steps of Block-AP over {@code samples} windows, with the validations between them. */
    public double blockTraining(int samples) {
        int epochs = recipe.blockAp().epochs();
        int validated = recipe.calibration().validationSamples();
        return window() * (3.0 * epochs * samples + (epochs + 1.0) * validated);
    }

    /** Gradient shards of a batch of E2E-QP; none is empty. */
    public int shards() {
        return Math.min(
                recipe.endToEnd().gradientShards(),
                Math.min(recipe.endToEnd().batchSize(), recipe.endToEnd().samples()));
    }

    /** All steps of E2E-QP, without validations. */
    public double endToEndTraining() {
        return Work.endToEndTraining(config, recipe.endToEnd());
    }

    /** All validations of E2E-QP. */
    public double endToEndValidation() {
        return Work.endToEndValidation(config, recipe.endToEnd());
    }

    /** Perplexity of one model. */
    public double evaluation() {
        return Work.evaluation(config, recipe);
    }
}
