package io.blocksmith.stage;

import io.blocksmith.run.Measurement;
import io.blocksmith.train.TrainingListener;
import io.blocksmith.train.Update;

/**
 * Takes a training's losses to the progress of its attempt, to its curves and to what is measured of it, and saves it now
 * and then. The loss at the start is the reference.
 */
final class AttemptListener implements TrainingListener {
    private final AttemptProgress progress;
    private final LossCurves curves;
    private final Shape shape;
    private final Runnable save;
    private Update update = new Update(0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    /**
     * What does not change in a training.
     *
     * @param tokensPerStep tokens in a whole batch
     * @param trainedFlops floating-point operations that a trained token costs
     * @param validationTokens tokens of all validation windows
     * @param validatedFlops floating-point operations that a token costs forward
     */
    record Shape(int epochs, long tokensPerStep, double trainedFlops, long validationTokens, double validatedFlops) {}

    /**
     * @param save called after each step, to save when it is time to
     */
    AttemptListener(AttemptProgress progress, LossCurves curves, Shape shape, Runnable save) {
        this.progress = progress;
        this.curves = curves;
        this.shape = shape;
        this.save = save;
    }

    @Override
    public boolean wantsGradientNorm() {
        return progress.meter().wantsGradientNorm();
    }

    @Override
    public void updated(Update told) {
        update = told;
    }

    @Override
    public void stepped(int epoch, long step, long steps, double loss) {
        progress.meter()
                .stepped(
                        new Measurement.Place(epoch, shape.epochs(), step, steps),
                        update.tokens(),
                        shape.trainedFlops(),
                        loss,
                        update.gradientNorm(),
                        new Measurement.Rates(update.weightsRate(), update.stepSizesRate(), update.zeroPointsRate()));
        curves.stepped(step, steps, loss);
        progress.stepped(epoch, shape.epochs(), step, steps, loss, shape.tokensPerStep());
        save.run();
        progress.meter().mark();
    }

    @Override
    public void waited() {
        progress.meter().spend();
        progress.alive();
    }

    @Override
    public void validated(long step, double loss) {
        progress.meter().validated(loss, shape.validationTokens(), shape.validatedFlops());
        curves.validated(step, loss);
        if (step == 0) {
            progress.reference(loss);
        }
    }
}
