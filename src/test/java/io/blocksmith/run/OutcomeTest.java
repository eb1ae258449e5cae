package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fail;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.result;
import static io.blocksmith.run.Histories.saved;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Outcome.Cancelled;
import io.blocksmith.run.Outcome.Done;
import io.blocksmith.run.Outcome.Failed;
import io.blocksmith.run.Outcome.FoundDamage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OutcomeTest {
    private static final Stage SOURCE = new Capture(0, 0);
    private static final Stage STAGE = new TrainBlock(0);

    private final RunState before = commit(started(3), SOURCE);
    private final Ticket ticket = before.nextTicket(STAGE);
    private final RunState running = fold(before, start(before, STAGE));

    private Optional<Event> event(RunState state, Outcome outcome) {
        return Outcome.event(state, ticket, WORKER, outcome, NOON);
    }

    @Test
    void whatRunsCommitsFailsOrIsCancelled() {
        assertThat(event(running, new Done(result(ticket)))).contains(new StageCommitted(NOON, ticket, result(ticket)));
        assertThat(event(running, new Failed(Category.TRANSIENT, "hiccup", saved(3))))
                .contains(new StageFailed(NOON, ticket, Category.TRANSIENT, "hiccup", WORKER, saved(3)));
        assertThat(event(running, new Cancelled(saved(3)))).contains(new StageCancelled(NOON, ticket, saved(3)));
    }

    @Test
    void aRepeatedReportChangesNothing() {
        RunState committed = fold(running, new StageCommitted(NOON, ticket, result(ticket)));
        assertThat(event(committed, new Done(result(ticket)))).isEmpty();
    }

    @Test
    void aReportOfAnOlderAttemptChangesNothing() {
        RunState failed = fail(before, STAGE, Category.WORKER_LOST);
        assertThat(event(fold(failed, start(failed, STAGE)), new Done(result(ticket))))
                .isEmpty();
    }

    @Test
    void damageIsTheSourcesUnlessItIsOnItsWayAlready() {
        assertThat(event(running, new FoundDamage(SOURCE, "torn")))
                .contains(new StageDamaged(NOON, ticket, SOURCE, "torn"));
        assertThat(event(running, new FoundDamage(new TrainBlock(1), "torn")))
                .contains(new StageCancelled(NOON, ticket, Evidence.NONE));
    }
}
