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
        left.at(WORK, running, List.of(trained(first, 70)));
        // One of two steps.
        RunState failed = running.after(new Event.StageFailed(
                Histories.NOON, first, Category.WORKER_LOST, "gone", Histories.WORKER, Histories.saved(1)));
        RunState again = failed.after(Histories.start(failed, STAGE));
        Ticket second = failed.nextTicket(STAGE);
        left.at(WORK, again, List.of());

        double expected = 10 * (1 - WORK.part(STAGE) * 0.5) / (WORK.part(STAGE) * 0.7);
        assertThat(left.at(WORK, again, List.of(trained(second, 50))).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    @Test
    void theShortPhaseAfterTheTrainingOfAResumedBlockDoesNotMakeItLookLong() {
        Stage block = new Stage.TrainBlock(0);
        RunState first = Histories.fail(fresh, block, Category.WORKER_LOST, Histories.WORKER, Histories.saved(48));
        RunState second = Histories.fold(first, Histories.start(first, block));
        Ticket ticket = first.nextTicket(block);
        // 48 of its 64 steps are on disk: a pass, 16 steps and half a pass are its own.
        double pass = 72.0 / (2 * 72 + 2 * 3 * 64 + 3 * 8);
        double own = pass + (1 - 2 * pass) * 16 / 64 + pass / 2;

        left.at(WORK, second, List.of(in("targets", ticket, 0, 36)));
        seconds(10);
        double expected = 10 * (1 - WORK.part(block) * (1 - pass / 2)) / (WORK.part(block) * own);
        assertThat(left.at(WORK, second, List.of(in("propagate", ticket, 18, 36)))
                        .orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    private void seconds(long more) {
        nanos += more * 1_000_000_000L;
    }

    private static Progress trained(Ticket ticket, long step) {
        return in("train", ticket, step, 100);
    }

    private static Progress in(String phase, Ticket ticket, long step, long steps) {
        double none = Double.NaN;
        return new Progress(ticket, phase, 1, 1, step, steps, none, none, none, none, 0, none);
    }
}
