package io.blocksmith.spec;

/**
 * Block-wise training of all parameters (paper section 3.2).
 *
 * @param epochs passes over the trained windows
 * @param batchSize windows a step
 * @param learningRates peak learning rates
 * @param finalLearningRateFactor the cosine ends at this fraction of the peak
 * @param adam optimizer constants
 * @param train which parameters are trained (paper table 8 compares them)
 * @param keepBest keep the state with the lowest validation loss instead of the last one
 * @param segments ranges of blocks that are trained side by side; 1 is the paper
 * @param repair a short ordered pass over all blocks after the segments
 */
public record BlockAp(
        int epochs,
        int batchSize,
        LearningRates learningRates,
        double finalLearningRateFactor,
        Adam adam,
        Trained train,
        boolean keepBest,
        int segments,
        Repair repair) {

    /** Peak learning rates; {@code weights} also drives the norm gains. */
    public record LearningRates(double weights, double stepSizes, double zeroPoints) {
        public LearningRates {
            Require.notNegative(weights, "block-ap.learning-rates.weights");
            Require.notNegative(stepSizes, "block-ap.learning-rates.step-sizes");
            Require.notNegative(zeroPoints, "block-ap.learning-rates.zero-points");
        }
    }

    /** The repair pass: {@code samples} windows (0 = none) at {@code learningRateFactor} of the learning rates. */
    public record Repair(int samples, double learningRateFactor) {
        public Repair {
            Require.that(samples >= 0, "block-ap.repair.samples", samples, "0 or more windows");
            Require.positive(learningRateFactor, "block-ap.repair.learning-rate-factor");
        }
    }

    /** The parameters that Block-AP trains. */
    public enum Trained {
        STEP_SIZES(false, true, false),
        STEP_SIZES_AND_ZERO_POINTS(false, true, true),
        /** Weights only, each held within half a starting step of where it began: learned rounding. */
        ROUNDING(true, false, false),
        ALL(true, true, true);

        private final boolean weights;
        private final boolean stepSizes;
        private final boolean zeroPoints;

        Trained(boolean weights, boolean stepSizes, boolean zeroPoints) {
            this.weights = weights;
            this.stepSizes = stepSizes;
            this.zeroPoints = zeroPoints;
        }

        public boolean weights() {
            return weights;
        }

        public boolean stepSizes() {
            return stepSizes;
        }

        public boolean zeroPoints() {
            return zeroPoints;
        }

        /** Norm gains move only when everything does. */
        public boolean norms() {
            return this == ALL;
        }
    }

    public BlockAp {
        Require.that(epochs >= 0, "block-ap.epochs", epochs, "0 or more");
        Require.that(batchSize >= 1, "block-ap.batch-size", batchSize, "at least 1");
        Require.that(
                finalLearningRateFactor >= 0 && finalLearningRateFactor <= 1,
                "block-ap.final-learning-rate-factor",
                finalLearningRateFactor,
                "between 0 and 1");
        Require.that(segments >= 1, "block-ap.segments", segments, "at least 1");
    }

    /** Optimizer steps of a training on {@code samples} windows. */
    public long steps(long samples) {
        return (long) epochs * Math.ceilDiv(samples, batchSize);
    }
}
