package io.blocksmith.run;

import io.blocksmith.failure.Category;
import java.time.Instant;
import java.util.List;

/**
 * Where one stage stands: waiting → running → committed, or running → waiting when an attempt ends without a result.
 * Committed is final.
 */
public sealed interface StageState {

    /** Attempts started so far, over the whole life of the run. */
    int attempts();

    /**
     * No attempt is alive.
     *
     * @param failures of this stage since a person last started the run, oldest first
     */
    record Waiting(int attempts, List<Failure> failures) implements StageState {
        public Waiting {
            failures = List.copyOf(failures);
        }
    }

    /** An attempt is with a worker. */
    record Running(Ticket ticket, String worker, Instant since, List<Failure> failures) implements StageState {
        public Running {
            failures = List.copyOf(failures);
        }

        @Override
        public int attempts() {
            return ticket.attempt();
        }
    }

    /** The stage has its result. */
    record Committed(Ticket ticket, String worker, Instant since, Instant at, StageResult result)
            implements StageState {
        @Override
        public int attempts() {
            return ticket.attempt();
        }
    }

    /** One attempt that ended without a result. */
    record Failure(int attempt, Category category, String reason, String worker, Instant at) {}

    /** A stage that no event has named yet. */
    static StageState untouched() {
        return new Waiting(0, List.of());
    }
}
