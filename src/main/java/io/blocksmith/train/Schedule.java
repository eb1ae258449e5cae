package io.blocksmith.train;

/**
 * A cosine learning-rate schedule with linear warm-up, as a factor of the peak.
 *
 * @param steps optimizer steps of the whole training
 * @param warmUpSteps first steps, in which the factor rises from 0 to 1
 * @param last the factor that the cosine would reach after the last step
 */
public record Schedule(long steps, long warmUpSteps, double last) {

    /** The factor of step {@code step}, counted from 0: {@code last + (1 - last) * (1 + cos(pi * progress)) / 2}. */
    public double factor(long step) {
        if (step < warmUpSteps) {
            return (double) step / warmUpSteps;
        }
        double progress = (double) (step - warmUpSteps) / Math.max(1, steps - warmUpSteps);
        return last + (1 - last) * (1 + Math.cos(Math.PI * progress)) / 2;
    }
}
