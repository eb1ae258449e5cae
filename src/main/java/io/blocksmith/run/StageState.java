package io.blocksmith.run;

import io.blocksmith.failure.Category;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Where one stage stands: waiting → running → committed, or running → waiting when an attempt ends without a result.
 * Committed is final, unless the result turns out to be damaged or somebody wants the stage tried afresh.
 */
public sealed interface StageState {

    /** Attempts started so far, over the whole life of the run. */
    int attempts();

    /**
     * No attempt is alive.
     *
     * @param failures of this stage since a person last started the run, oldest first
     * @param saved where the next attempt can go on
     * @param before how the stage was computed when it last committed; empty before its first commit
     */
    record Waiting(int attempts, List<Failure> failures, Saved saved, Optional<Adjustment> before)
            implements StageState {
        public Waiting {
            failures = List.copyOf(failures);
        }
    }

    /** An attempt is with a worker. */
    record Running(
            Ticket ticket,
            String worker,
            String numerics,
            Adjustment adjustment,
            Instant since,
            List<Failure> failures,
            Saved saved,
            Optional<Adjustment> before)
            implements StageState {
        public Running {
            failures = List.copyOf(failures);
        }

        @Override
        public int attempts() {
            return ticket.attempt();
        }
    }

    /** The stage has its result. */
    record Committed(
            Ticket ticket,
            String worker,
            String numerics,
            Adjustment adjustment,
            Instant since,
            Instant at,
            List<Failure> failures,
            StageResult result)
            implements StageState {
        public Committed {
            failures = List.copyOf(failures);
        }

        @Override
        public int attempts() {
            return ticket.attempt();
        }
    }

    /**
     * One attempt that ended without a result.
     *
     * @param savedStep the newest durable step of the stage by then, whichever attempt saved it
     */
    record Failure(
            int attempt,
            Category category,
            String reason,
            String worker,
            Instant at,
            Evidence evidence,
            long savedStep) {}

    /**
     * The newest durable checkpoint that the supervisors know of.
     *
     * @param step 0 when there is none
     * @param numerics what it was computed with; only a worker of the same may go on from it
     * @param learningRateFactor what it was trained at; an attempt at another one starts anew
     */
    record Saved(long step, String numerics, double learningRateFactor) {
        public static final Saved NOTHING = new Saved(0, "", 1);
    }

    /** A stage that no event has named yet. */
    static StageState untouched() {
        return new Waiting(0, List.of(), Saved.NOTHING, Optional.empty());
    }
}
