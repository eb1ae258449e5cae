package io.blocksmith.run;

/**
 * What the failure policy changed in how a stage is computed, after it failed; recorded with every attempt.
 *
 * @param learningRateFactor multiplies every learning rate of the recipe; 1 unless losses were not finite. A state that
 *     was trained at another factor is not gone on from: the stage starts anew, so that its bytes do not depend on when
 *     it was saved
 * @param microBatches parts that a batch passes the device in, with accumulated gradients; 1 unless memory did not last
 */
public record Adjustment(double learningRateFactor, int microBatches) {
    /** As the recipe says. */
    public static final Adjustment NONE = new Adjustment(1, 1);
}
