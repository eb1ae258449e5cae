package io.blocksmith.run;

/**
 * How far one attempt is. Numbers that a phase does not have are NaN (losses, rates) or 0 (counts).
 *
 * @param phase what the attempt does now, e.g. {@code targets}, {@code train}, {@code validate}, {@code seal}
 * @param epoch from 1
 * @param step from 1, within the whole attempt
 * @param loss latest smoothed training loss
 * @param reference the validation loss of the state it began from: round-to-nearest, or in a repair and in E2E-QP what Block-AP left
 * @param stepSeconds smoothed duration of a step
 * @param savedStep the step of the attempt's newest durable checkpoint, 0 before the first
 * @param dataWait share of this phase's time spent waiting for data, 0 to 1; NaN when it is not known
 */
public record Progress(
        Ticket ticket,
        String phase,
        int epoch,
        int epochs,
        long step,
        long steps,
        double loss,
        double reference,
        double tokensPerSecond,
        double stepSeconds,
        long savedStep,
        double dataWait) {

    /** The same with {@code step} as the newest durable one. */
    public Progress savedAt(long step) {
        return new Progress(
                ticket,
                phase,
                epoch,
                epochs,
                this.step,
                steps,
                loss,
                reference,
                tokensPerSecond,
                stepSeconds,
                step,
                dataWait);
    }
}
