package io.blocksmith.run;

import io.blocksmith.failure.Category;
import java.time.Instant;

/** What has happened in a run; the ledger holds these in order and nothing else. */
public sealed interface Event {

    /** When, by the clock of the supervisor that recorded it: for people, no decision compares it. */
    Instant at();

    /**
     * The run exists.
     *
     * @param identityDigest of the part of the specification that may never change
     * @param blocks decoder layers of the model
     */
    record RunSubmitted(Instant at, String run, String identityDigest, int blocks) implements Event {}

    /**
     * A supervisor took the run over. Attempts of its predecessors are void.
     *
     * @param epoch higher than that of every supervisor before
     * @param holder who it is, for people: host and process
     */
    record SupervisorStarted(Instant at, long epoch, String holder) implements Event {}

    /** An attempt was given to a worker. Recorded before the worker hears of it. */
    record StageStarted(Instant at, Ticket ticket, String worker) implements Event {}

    /** The attempt's objects are the stage's result, for good. */
    record StageCommitted(Instant at, Ticket ticket, StageResult result) implements Event {}

    /** The attempt is over without a result; counts against the stage's tries. */
    record StageFailed(Instant at, Ticket ticket, Category category, String reason, String worker) implements Event {}

    /** The attempt was cancelled; counts against nothing. */
    record StageCancelled(Instant at, Ticket ticket) implements Event {}

    /** Every stage of the plan has committed. */
    record RunCompleted(Instant at) implements Event {}

    /** The run rests until a new supervisor starts it again. */
    record RunStopped(Instant at, StopCause cause, String reason) implements Event {}

    /** Why a run rests. */
    enum StopCause {
        /** Somebody asked for it. */
        REQUESTED,
        /** A stage failed for good. */
        FAILURE
    }
}
