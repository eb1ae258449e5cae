package io.blocksmith.stage;

import io.blocksmith.train.EndToEndTrainer;

/**
 * When the leading replica shares its steps: from the first helper on, to the end of the attempt. Each new helper is given
 * a checkpoint to start from, and goes on with the gradients that were put since.
 */
final class SharedSteps {
    private final SharedGradients gradients;
    private final ExchangeObjects objects;
    private final Checkpoints checkpoints;
    private boolean shared;
    private boolean awaited;
    private long newestSaved;
    private long secondSaved;

    SharedSteps(SharedGradients gradients, ExchangeObjects objects, Checkpoints checkpoints) {
        this.gradients = gradients;
        this.objects = objects;
        this.checkpoints = checkpoints;
        this.newestSaved = checkpoints.savedStep();
        this.secondSaved = newestSaved;
    }

    /** Between two steps: welcomes helpers, and deletes gradients that nobody will start before. */
    void between(EndToEndTrainer trainer, LossCurves curves) {
        awaited |= gradients.someoneIsNew();
        if (awaited && checkpoints.saveNow(trainer::snapshot, curves)) {
            awaited = false;
            if (!shared) {
                shared = true;
                gradients.share();
                objects.begin(trainer.step());
            }
        }
        if (checkpoints.savedStep() > newestSaved) {
            secondSaved = newestSaved;
            newestSaved = checkpoints.savedStep();
            objects.deleteBefore(secondSaved);
        }
    }
}
