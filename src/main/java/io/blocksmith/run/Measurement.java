package io.blocksmith.run;

import io.blocksmith.failure.Category;
import java.util.OptionalInt;

/** What an attempt measures about itself; see {@link StageMeter}. Numbers that are not known are NaN. */
public sealed interface Measurement {

    /** The attempt begins; every other measurement of it comes between this and {@link Ended}. */
    record Began() implements Measurement {}

    /**
     * A phase begins.
     *
     * @param phase one of a few names
     * @param block that it is about, where that is not the attempt's own
     */
    record PhaseBegan(String phase, OptionalInt block) implements Measurement {}

    /** Time went by in a phase since the last time that this was told. */
    record TimeSpent(String phase, double seconds) implements Measurement {}

    /**
     * What passed the device, and how long that took.
     *
     * @param tokens that passed a block, or the whole model where that is trained
     * @param flops floating-point operations of matrix products and attention
     * @param seconds of the device, with those in which it waited for data
     * @param waitSeconds of these
     */
    record Work(long tokens, double flops, double seconds, double waitSeconds) {
        /** Nothing passed the device. */
        public static final Work NONE = new Work(0, 0, 0, 0);
    }

    /** Where training is: {@code epoch} and {@code step} count from 1. */
    record Place(int epoch, int epochs, long step, long steps) {}

    /** The learning rates of a step; NaN for what is not trained. */
    record Rates(double weights, double stepSizes, double zeroPoints) {}

    /**
     * A training step.
     *
     * @param gradientNorm global, before clipping; known of some steps only
     */
    record Stepped(Place place, Work work, double loss, double gradientNorm, Rates rates) implements Measurement {}

    /** {@code done} of {@code of} samples went by without training. */
    record Passed(long done, long of, Work work) implements Measurement {}

    /** A validation. */
    record Validated(double loss, Work work) implements Measurement {}

    /** The validation loss of the state that training began from. */
    record Reference(double loss) implements Measurement {}

    /** From here on training is saved now and then. */
    record SavingBegan() implements Measurement {}

    /**
     * A state was saved.
     *
     * @param seconds from the copy to the last byte in the store
     */
    record Saved(double seconds, long bytes) implements Measurement {}

    /** A state could not be saved. */
    record SaveFailed(Category category) implements Measurement {}

    /** Training has ended: nothing more is saved. */
    record SavingEnded() implements Measurement {}

    /** A loss, gradient or weight was not finite. */
    record FoundNotFinite() implements Measurement {}

    /** The attempt is over, whatever became of it. */
    record Ended() implements Measurement {}
}
