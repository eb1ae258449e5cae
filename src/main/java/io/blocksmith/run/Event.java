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
     * A supervisor took the run over. Attempts under way go on: their workers report to whoever holds the run.
     *
     * @param epoch higher than that of every supervisor before
     * @param holder who it is, for people: host and process
     */
    record SupervisorStarted(Instant at, long epoch, String holder) implements Event {}

    /**
     * An attempt was given to a worker. Recorded before the worker hears of it.
     *
     * @param numerics what the worker computes with; last bits depend on it
     */
    record StageStarted(Instant at, Ticket ticket, String worker, String numerics, Adjustment adjustment)
            implements Event {}

    /** The attempt's objects are the stage's result. */
    record StageCommitted(Instant at, Ticket ticket, StageResult result) implements Event {}

    /** The attempt is over without a result; counts against the stage's budget for such failures. */
    record StageFailed(Instant at, Ticket ticket, Category category, String reason, String worker, Evidence evidence)
            implements Event {}

    /** The attempt ended because it was told to; counts against nothing. */
    record StageCancelled(Instant at, Ticket ticket, Evidence evidence) implements Event {}

    /**
     * An attempt found the result of {@code source} torn or rotten. Both stages wait again; what else was built on the
     * result stays, because the source will leave the same bytes.
     */
    record StageDamaged(Instant at, Ticket ticket, Stage source, String reason) implements Event {}

    /** Somebody wants the stage tried afresh: its failures and its result are forgotten. */
    record StageReset(Instant at, Stage stage, String reason) implements Event {}

    /** Nothing is to run until the run is resumed; its supervisor stays. */
    record RunPaused(Instant at, RestCause cause, String reason) implements Event {}

    /** The pause is over. */
    record RunResumed(Instant at, String reason) implements Event {}

    /** The worker gets no more work, e.g. because its machine is wanted for something else. */
    record WorkerDrained(Instant at, String worker, String reason) implements Event {}

    /** The worker may get work again. */
    record WorkerReturned(Instant at, String worker) implements Event {}

    /** Every stage of the plan has committed. */
    record RunCompleted(Instant at) implements Event {}

    /** The run rests until a new supervisor starts it again. */
    record RunStopped(Instant at, RestCause cause, String reason) implements Event {}

    /** Why a run rests. */
    enum RestCause {
        /** Somebody asked for it. */
        REQUESTED,
        /** The store takes nothing; the run goes on by itself when it does again. */
        STORE,
        /** A stage failed for good. */
        FAILURE
    }
}
