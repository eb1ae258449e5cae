package io.blocksmith.simulate;

import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Recipe;

/** Recipes with one thing changed. */
final class Recipes {
    private Recipes() {}

    static Recipe withEndToEndSamples(Recipe recipe, int samples) {
        EndToEnd before = recipe.endToEnd();
        EndToEnd changed = new EndToEnd(
                samples,
                before.validationSamples(),
                before.sequenceLength(),
                before.batchSize(),
                before.epochs(),
                before.learningRates(),
                before.warmUp(),
                before.finalLearningRateFactor(),
                before.gradientClip(),
                before.adam(),
                before.gradientShards(),
                before.train(),
                before.keepBest(),
                before.validateEvery());
        return new Recipe(
                recipe.quantization(),
                recipe.calibration(),
                recipe.blockAp(),
                changed,
                recipe.evaluation(),
                recipe.exports(),
                recipe.numerics(),
                recipe.seed());
    }
}
