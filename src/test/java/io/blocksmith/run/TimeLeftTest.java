package io.blocksmith.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.Category;
import io.blocksmith.spec.Recipe;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimeLeftTest {
    private static final int BLOCKS = 4;
    private static final Recipe RECIPE = Plans.recipe(2, 2, 8);
    private static final RunWork WORK = new RunWork(Plan.of(RECIPE, BLOCKS), RECIPE);
    private static final Stage STAGE = new Stage.EndToEnd();

    private long nanos;
    private final TimeLeft left = new TimeLeft(WORK, () -> nanos);
    private final RunState fresh = Histories.started(BLOCKS);
    private final RunState running = Histories.fold(fresh, Histories.start(fresh, STAGE));

    @Test
    void whatAnAttemptHadDoneWhenItWasFirstHeardOfIsNotThePace() {
        Ticket ticket = fresh.nextTicket(STAGE);
        assertThat(left.at(running, List.of(), 1)).isEmpty();
        seconds(1);
        assertThat(left.at(running, List.of(trained(ticket, 50)), 1)).isEmpty();
        seconds(9);

        double expected = 10 * (1 - WORK.part(STAGE) * 0.6) / (WORK.part(STAGE) * 0.1);
        assertThat(left.at(running, List.of(trained(ticket, 60)), 1).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    @Test
    void anAttemptThatGoesOnWhereAnotherFailedTakesNothingFromThePaceAndAddsNothing() {
        Ticket first = fresh.nextTicket(STAGE);
        left.at(running, List.of(trained(first, 0)), 1);
        seconds(10);
        left.at(running, List.of(trained(first, 70)), 1);
        // One of two steps.
        RunState failed = running.after(new Event.StageFailed(
                Histories.NOON, first, Category.WORKER_LOST, "gone", Histories.WORKER, Histories.saved(1)));
        RunState again = failed.after(Histories.start(failed, STAGE));
        Ticket second = failed.nextTicket(STAGE);
        left.at(again, List.of(), 1);

        double expected = 10 * (1 - WORK.part(STAGE) * 0.5) / (WORK.part(STAGE) * 0.7);
        assertThat(left.at(again, List.of(trained(second, 50)), 1).orElseThrow())
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

        left.at(second, List.of(in("targets", ticket, 0, 36)), 1);
        seconds(10);
        double expected = 10 * (1 - WORK.part(block) * (1 - pass / 2)) / (WORK.part(block) * own);
        assertThat(left.at(second, List.of(in("propagate", ticket, 18, 36)), 1).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    @Test
    void moreWorkersShortenWhatCanBeSharedAndNothingElse() {
        List<Progress> none = List.of();
        assertThat(WORK.rest(fresh, none, 1)).isCloseTo(1, within(1e-12));

        RunState trained = fresh;
        for (int block = 0; block < BLOCKS; block++) {
            trained = Histories.commit(trained, new Stage.TrainBlock(block));
        }
        // What is left of the plan is one chain but for the perplexities of the models that are there already.
        double chain = 0;
        for (int block = 0; block < BLOCKS; block++) {
            chain += WORK.part(new Stage.RepairBlock(block));
        }
        chain += WORK.part(STAGE);
        double all = WORK.rest(trained, none, 1);
        assertThat(WORK.rest(trained, none, 1000)).isBetween(chain, all);
        assertThat(WORK.rest(fresh, none, 2)).isLessThan(1);
        assertThat(1 - WORK.rest(fresh, none, 2)).isLessThan(0.5);
    }

    @Test
    void whatWasDoneWhileNobodySupervisedIsNotThePace() {
        Stage block = new Stage.TrainBlock(0);
        RunState before = Histories.fold(fresh, Histories.start(fresh, block));
        Ticket ticket = fresh.nextTicket(block);
        RunState taken = before.after(new Event.SupervisorStarted(Histories.NOON, before.epoch() + 1, "host:2"));
        assertThat(left.at(taken, List.of(), 1)).isEmpty();
        seconds(1);
        RunState done = taken.after(new Event.StageCommitted(Histories.NOON, ticket, Histories.result(ticket)));

        assertThat(left.at(done, List.of(), 1)).isEmpty();
    }

    @Test
    void timeCountsForEachAttemptThatRuns() {
        Stage other = new Stage.TrainBlock(0);
        RunState both = Histories.fold(running, Histories.start(running, other));
        Ticket ticket = fresh.nextTicket(STAGE);
        left.at(both, List.of(trained(ticket, 0)), 2);
        seconds(10);

        double expected = 2 * 10 * WORK.rest(both, List.of(trained(ticket, 50)), 2) / (WORK.part(STAGE) * 0.5);
        assertThat(left.at(both, List.of(trained(ticket, 50)), 2).orElseThrow())
                .isCloseTo(expected, within(1e-6 * expected));
    }

    @Test
    void whatIsSavedStaysDoneWhileTheStageWaitsAndPreparationsCountNothing() {
        Stage block = new Stage.TrainBlock(0);
        RunState waits = Histories.fail(fresh, block, Category.WORKER_LOST, Histories.WORKER, Histories.saved(32));
        double pass = 72.0 / (2 * 72 + 2 * 3 * 64 + 3 * 8);
        double saved = WORK.part(block) * (1 - 2 * pass) / 2;
        assertThat(WORK.fraction(waits, List.of())).isCloseTo(saved, within(1e-9));

        RunState again = Histories.fold(waits, Histories.start(waits, block));
        Ticket ticket = waits.nextTicket(block);
        for (String phase : List.of("check", "embed", "rebuild block 3")) {
            assertThat(WORK.fraction(again, List.of(in(phase, ticket, 9, 10))))
                    .as(phase)
                    .isCloseTo(saved, within(1e-9));
        }
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
