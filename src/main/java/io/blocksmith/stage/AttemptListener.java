package io.blocksmith.stage;

import io.blocksmith.train.TrainingListener;

/**
 * Takes a training's losses to the progress of its attempt and to its curves, and saves it now and then. The loss at the
 * start is the reference.
 *
 * @param save called after each step, to save when it is time to
 */
record AttemptListener(AttemptProgress progress, LossCurves curves, int epochs, long tokensPerStep, Runnable save)
        implements TrainingListener {
    /** Without saving. */
    AttemptListener(AttemptProgress progress, LossCurves curves, int epochs, long tokensPerStep) {
        this(progress, curves, epochs, tokensPerStep, () -> {});
    }

    @Override
    public void stepped(int epoch, long step, long steps, double loss) {
        curves.stepped(step, steps, loss);
        progress.stepped(epoch, epochs, step, steps, loss, tokensPerStep);
        save.run();
    }

    @Override
    public void waited() {
        progress.requireNotCancelled();
    }

    @Override
    public void validated(long step, double loss) {
        curves.validated(step, loss);
        if (step == 0) {
            progress.reference(loss);
        }
    }
}
