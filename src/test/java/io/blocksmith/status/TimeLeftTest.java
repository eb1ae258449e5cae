package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Recipe;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimeLeftTest {
    private static final int BLOCKS = 4;
    private static final Recipe RECIPE = Plans.recipe(2, 2, 8);
    private static final RunWork WORK = RunWork.of(Plan.of(RECIPE, BLOCKS), RECIPE, BLOCKS);
    private static final Stage STAGE = new Stage.EndToEnd();

    private long nanos;
    private final TimeLeft left = new TimeLeft(() -> nanos);
    private final RunState fresh = Histories.started(BLOCKS);
    private final RunState running = Histories.fold(fresh, Histories.start(fresh, STAGE));

    @Test
    void whatAnAttemptHadDoneWhenItWasFirstHeardOfIsNotThePace() {
        Ticket ticket = fresh.nextTicket(STAGE);
        assertThat(left.at(WORK, running, List.of())).isEmpty();
        seconds(1);
        assertThat(left.at(WORK, running, List.of(trained(ticket, 50)))).isEmpty();
        seconds(9);

        double expected = 10 * (1 - WORK.part(STAGE) * 0.6) / (WORK.part(STAGE) * 0.1);
        assertThat(left.at(WORK, running, List.of(trained(ticket, 60))).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    @Test
    void anAttemptThatGoesOnWhereAnotherFailedTakesNothingFromThePaceAndAddsNothing() {
        Ticket first = fresh.nextTicket(STAGE);
        left.at(WORK, running, List.of(trained(first, 0)));
        seconds(10);
        left.at(WORK, running, List.of(trained(first, 40)));
        RunState failed = running.after(new Event.StageFailed(
                Histories.NOON, first, Category.WORKER_LOST, "gone", Histories.WORKER, Histories.saved(30)));
        RunState again = failed.after(Histories.start(failed, STAGE));
        Ticket second = failed.nextTicket(STAGE);
        left.at(WORK, again, List.of());

        double expected = 10 * (1 - WORK.part(STAGE) * 0.3) / (WORK.part(STAGE) * 0.4);
        assertThat(left.at(WORK, again, List.of(trained(second, 30))).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    private void seconds(long more) {
        nanos += more * 1_000_000_000L;
    }

    private static Progress trained(Ticket ticket, long step) {
        double none = Double.NaN;
        return new Progress(ticket, "train", 1, 1, step, 100, none, none, none, none, 0, none);
    }
}
