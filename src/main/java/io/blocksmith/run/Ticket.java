package io.blocksmith.run;

/**
 * The fencing token on every message, object and record.
 *
 * @param run name of the run
 * @param stage what is tried
 * @param attempt counts from 1 for each stage, over the whole life of the run
 * @param epoch counts the supervisors of the run; a record of an older epoch cannot commit
 */
public record Ticket(String run, Stage stage, int attempt, long epoch) {
    @Override
    public String toString() {
        return "%s/%s attempt %d (epoch %d)".formatted(run, stage.key(), attempt, epoch);
    }
}
