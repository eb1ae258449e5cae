package io.blocksmith.demo;

import io.blocksmith.spec.Adam;

/**
 * How a model is trained from nothing.
 *
 * @param window tokens of a window
 * @param batch windows of a step
 * @param steps optimizer steps
 * @param warmUpSteps first steps, in which the learning rate rises
 * @param learningRate the highest one; a cosine leads from it to a tenth
 * @param adam weight decay applies to matrices, not to norm gains
 * @param gradientNorm longest gradient; longer ones are shortened to it
 * @param validateEvery steps between two looks at the validation loss
 * @param seed of the first parameters and of the order of the text
 */
public record Pretraining(
        int window,
        int batch,
        long steps,
        long warmUpSteps,
        double learningRate,
        Adam adam,
        double gradientNorm,
        long validateEvery,
        long seed) {}
