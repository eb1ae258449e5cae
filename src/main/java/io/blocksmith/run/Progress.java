package io.blocksmith.run;

/**
 * How far one attempt is. Numbers that a phase does not have are NaN (losses, rates) or 0 (counts).
 *
 * @param phase what the attempt does now, e.g. {@code targets}, {@code train}, {@code validate}, {@code seal}
 * @param epoch from 1
 * @param step from 1, within the whole attempt
 * @param loss latest smoothed training loss
 * @param reference the validation loss of the state it began from: round-to-nearest, or in a repair and in E2E-QP what
 *     Block-AP left
 * @param stepSeconds smoothed duration of a step
 * @param savedStep the step of the attempt's newest durable checkpoint, 0 before the first
 * @param dataWait share of this phase's time spent waiting for data, 0 to 1; NaN when it is not known
 * @param number of reports that the attempt made before: what says the same under another number is a sign of life
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
        double dataWait,
        long number) {

    /** The only report that says just this. */
    public Progress(
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
        this(
                ticket,
                phase,
                epoch,
                epochs,
                step,
                steps,
                loss,
                reference,
                tokensPerSecond,
                stepSeconds,
                savedStep,
                dataWait,
                0);
    }

    /** The same once more, under another number and with {@code savedStep} as the newest durable step. */
    public Progress again(long number, long savedStep) {
        return new Progress(
                ticket,
                phase,
                epoch,
                epochs,
                step,
                steps,
                loss,
                reference,
                tokensPerSecond,
                stepSeconds,
                savedStep,
                dataWait,
                number);
    }

    /** Whether both tell of the same step of the same phase: of the same sample or file, where nothing is trained. */
    public boolean isSameStep(Progress other) {
        return ticket.equals(other.ticket) && phase.equals(other.phase) && epoch == other.epoch && step == other.step;
    }
}
