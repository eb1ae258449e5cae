package io.blocksmith.train;

/** Told of a training's course, on the device thread. Throwing from a method ends the training with what was thrown. */
public interface TrainingListener {
    /** Whether the norm of the next step's gradient is wanted; where it is not needed for clipping, it costs a look at it. */
    default boolean wantsGradientNorm() {
        return false;
    }

    /** After a step, before {@link #stepped} tells of it: what it did. */
    default void updated(Update update) {}

    /** After a step: {@code step} from 1 of {@code steps}, in {@code epoch} from 1, with its training loss. */
    void stepped(int epoch, long step, long steps, double loss);

    /** Between parts of something longer, such as batches of a validation: a sign of life, and a chance to end the training. */
    default void waited() {}

    /** After a validation at {@code step} (0 = the start). */
    void validated(long step, double loss);
}
