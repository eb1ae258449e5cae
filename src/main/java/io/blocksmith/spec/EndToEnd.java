package io.blocksmith.spec;

/**
 * End-to-end training of quantization parameters (paper section 3.3): codes frozen, next-token loss over the whole model.
 *
 * @param samples windows trained on
 * @param validationSamples windows the best state is chosen by
 * @param sequenceLength tokens in a window
 * @param batchSize windows per optimizer step
 * @param epochs passes over the windows; 0 leaves the Block-AP state as it is
 * @param learningRates peak learning rates
 * @param warmUp fraction of the steps with a linearly rising learning rate
 * @param finalLearningRateFactor the cosine ends at this fraction of the peak
 * @param gradientClip largest global gradient norm
 * @param adam optimizer constants
 * @param gradientShards parts a batch is cut into; their gradients are added in order, so that any number of workers
 *     gives the same bytes
 * @param train which parameters are trained
 * @param keepBest keep the state with the lowest validation loss
 * @param validateEvery optimizer steps between validations; 0 = only at the end of an epoch
 */
public record EndToEnd(
        int samples,
        int validationSamples,
        int sequenceLength,
        int batchSize,
        int epochs,
        LearningRates learningRates,
        double warmUp,
        double finalLearningRateFactor,
        double gradientClip,
        Adam adam,
        int gradientShards,
        Trained train,
        boolean keepBest,
        int validateEvery) {

    /** Peak learning rates. */
    public record LearningRates(double stepSizes, double zeroPoints) {
        public LearningRates {
            Require.notNegative(stepSizes, "end-to-end.learning-rates.step-sizes");
            Require.notNegative(zeroPoints, "end-to-end.learning-rates.zero-points");
        }
    }

    /** The parameters that E2E-QP trains (paper table 9 compares them). */
    public enum Trained {
        STEP_SIZES(true, false),
        ZERO_POINTS(false, true),
        BOTH(true, true);

        private final boolean stepSizes;
        private final boolean zeroPoints;

        Trained(boolean stepSizes, boolean zeroPoints) {
            this.stepSizes = stepSizes;
            this.zeroPoints = zeroPoints;
        }

        public boolean stepSizes() {
            return stepSizes;
        }

        public boolean zeroPoints() {
            return zeroPoints;
        }
    }

    public EndToEnd {
        Require.that(samples >= 1, "end-to-end.samples", samples, "at least 1 window");
        Require.that(validationSamples >= 0, "end-to-end.validation-samples", validationSamples, "0 or more windows");
        Require.that(sequenceLength >= 2, "end-to-end.sequence-length", sequenceLength, "at least 2 tokens");
        Require.that(batchSize >= 1, "end-to-end.batch-size", batchSize, "at least 1");
        Require.that(epochs >= 0, "end-to-end.epochs", epochs, "0 or more");
        Require.that(warmUp >= 0 && warmUp < 1, "end-to-end.warm-up", warmUp, "0 <= warm-up < 1");
        Require.that(
                finalLearningRateFactor >= 0 && finalLearningRateFactor <= 1,
                "end-to-end.final-learning-rate-factor",
                finalLearningRateFactor,
                "between 0 and 1");
        Require.positive(gradientClip, "end-to-end.gradient-clip");
        Require.that(gradientShards >= 1, "end-to-end.gradient-shards", gradientShards, "at least 1");
        Require.that(validateEvery >= 0, "end-to-end.validate-every", validateEvery, "0 or more optimizer steps");
    }

    /** Optimizer steps of the whole training. */
    public long steps() {
        return (long) epochs * Math.ceilDiv(samples, batchSize);
    }
}
