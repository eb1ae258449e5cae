package io.blocksmith.run;

/**
 * How far one attempt is. Numbers that a phase does not have are NaN (losses, rates) or 0 (counts).
 *
 * @param phase what the attempt does now, e.g. {@code targets}, {@code train}, {@code validate}, {@code seal}
 * @param epoch from 1
 * @param step from 1, within the whole attempt
 * @param loss latest smoothed training loss
 * @param reference the loss of the round-to-nearest start, to compare with
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
        double tokensPerSecond) {}
