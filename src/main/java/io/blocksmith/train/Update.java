package io.blocksmith.train;

/**
 * How one step moved the parameters.
 *
 * @param tokens that passed this device for it; fewer than a batch has where others computed a share
 * @param gradientNorm global norm of the gradient of what is trained, before clipping; NaN where nobody wanted it
 * @param weightsRate learning rate of weights and norm gains in this step; NaN when none is trained
 * @param stepSizesRate that of step sizes
 * @param zeroPointsRate that of zero points
 */
public record Update(
        long tokens, double gradientNorm, double weightsRate, double stepSizesRate, double zeroPointsRate) {}
