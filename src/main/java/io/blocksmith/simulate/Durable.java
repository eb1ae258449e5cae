package io.blocksmith.simulate;

/** What of a training outlives its worker: the newest checkpoint, and the steps whose gradients were shared. */
final class Durable {
    private long step;
    private long sharedFrom;
    private long sharedUntil;

    /** The step of the newest checkpoint, 0 without one. */
    long step() {
        return step;
    }

    void saved(long newest) {
        step = Math.max(step, newest);
    }

    void shared(long from, long until) {
        if (until > sharedUntil) {
            sharedFrom = from;
            sharedUntil = until;
        }
    }

    /** Whether the step that begins at {@code position} can be read instead of computed. */
    boolean isShared(double position) {
        return sharedFrom <= position && position < sharedUntil;
    }

    /** The next position after {@code position} at which {@link #isShared} changes; infinite when it does not. */
    double changesAfter(double position) {
        if (position < sharedFrom && sharedFrom < sharedUntil) {
            return (double) sharedFrom;
        }
        return position < sharedUntil ? (double) sharedUntil : Double.POSITIVE_INFINITY;
    }

    /** Steps between the newest checkpoint and {@code position} that are in no store. */
    double atRisk(double position) {
        double first = (double) Math.max(step, sharedFrom);
        double kept = Math.max(0, Math.min(position, (double) sharedUntil) - first);
        return Math.max(0, position - step - kept);
    }
}
