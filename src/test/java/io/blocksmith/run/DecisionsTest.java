package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.NUMERICS;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fail;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.saved;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Command.AbandonAttempt;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.Complete;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Command.Pause;
import io.blocksmith.run.Command.Resume;
import io.blocksmith.run.Command.StartStage;
import io.blocksmith.run.Command.Stop;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DecisionsTest {
    private static final Stage CAPTURE = new Capture(0, 0);
    private static final Stage BLOCK = new TrainBlock(0);
    private static final WorkerView IDLE = WorkerView.idle(NUMERICS);
    private static final WorkerView FLAPPING = new WorkerView(NUMERICS, Set.of(), Optional.empty(), true, false);
    private static final WorkerView SLOW = new WorkerView(NUMERICS, Set.of(), Optional.empty(), false, true);

    private final Plan plan = Plans.of(3, 1, 0);
    private final Decisions decisions = new Decisions(plan, FailurePolicy.of(Plans.recipe(2, 1, 0), 3, 5));
    private final RunState fresh = started(3);
    private final Ticket ticket = fresh.nextTicket(CAPTURE);
    private final RunState running = fold(fresh, start(fresh, CAPTURE));

    private List<Command> decide(RunState state, Map<String, WorkerView> workers) {
        return decisions.decide(state, Situation.calm(workers));
    }

    private static WorkerView holding(Ticket... tickets) {
        return new WorkerView(NUMERICS, Set.of(tickets), Optional.empty(), false, false);
    }

    private static WorkerView assisting(Ticket ticket) {
        return new WorkerView(NUMERICS, Set.of(), Optional.of(ticket), false, false);
    }

    private static StartStage startOf(RunState state, Stage stage, String worker) {
        return new StartStage(new Assignment(state.nextTicket(stage), Adjustment.NONE), worker, NUMERICS);
    }

    private static Situation storeFails(Map<String, WorkerView> workers) {
        return new Situation(new TreeMap<>(workers), Map.of(), Set.of(), false, Optional.empty());
    }

    private static Situation stopRequested(Map<String, WorkerView> workers) {
        return new Situation(new TreeMap<>(workers), Map.of(), Set.of(), true, Optional.of("enough"));
    }

    @Test
    void aRunNobodySupervisesIsLeftAlone() {
        assertThat(decide(RunState.empty(), Map.of(WORKER, IDLE))).isEmpty();
    }

    @Test
    void readyStagesGoToFreeWorkersInThePlansOrder() {
        assertThat(decide(fresh, Map.of("a", IDLE, "b", IDLE)))
                .containsExactly(
                        startOf(fresh, CAPTURE, "a"), startOf(fresh, new Evaluate(Subject.FULL_PRECISION), "b"));
    }

    @Test
    void aWorkerThatHoldsAnythingGetsNothing() {
        assertThat(decide(running, Map.of(WORKER, holding(ticket)))).isEmpty();
        assertThat(decide(running, Map.of(WORKER, IDLE))).isEmpty();
    }

    @Test
    void anAttemptThatTheLedgerDoesNotKnowIsCalledBack() {
        Ticket stale = new Ticket("tiny", BLOCK, 7, 1);
        assertThat(decide(running, Map.of(WORKER, holding(ticket), "zombie", holding(stale))))
                .containsExactly(new CancelAttempt(stale, "zombie"));
    }

    @Test
    void aLostAttemptIsAbandonedBeforeAnythingElse() {
        Loss loss = new Loss(Category.WORKER_LOST, "worker worker-1 is gone", saved(3), true);
        Situation situation =
                new Situation(new TreeMap<>(Map.of("b", IDLE)), Map.of(ticket, loss), Set.of(), true, Optional.empty());
        assertThat(decisions.decide(running, situation)).containsExactly(new AbandonAttempt(ticket, WORKER, loss));
    }

    @Test
    void aDrainedWorkerSavesWhatItRunsAndGetsNothing() {
        RunState drained = fold(running, new WorkerDrained(NOON, WORKER, "upgrade"));
        assertThat(decide(drained, Map.of(WORKER, holding(ticket)))).containsExactly(new CancelAttempt(ticket, WORKER));
        assertThat(decide(fold(fresh, new WorkerDrained(NOON, WORKER, "upgrade")), Map.of(WORKER, IDLE)))
                .isEmpty();
    }

    @Test
    void aPersonsPauseCancelsWhatRuns() {
        RunState paused = fold(running, new RunPaused(NOON, RestCause.REQUESTED, "lunch"));
        assertThat(decide(paused, Map.of(WORKER, holding(ticket), "b", IDLE)))
                .containsExactly(new CancelAttempt(ticket, WORKER));
    }

    @Test
    void aFailingStorePausesTheRunOnceAStageWaitsForIt() {
        RunState full = fail(fresh, CAPTURE, Category.STORE_FULL);
        assertThat(decisions.decide(full, storeFails(Map.of(WORKER, IDLE)))).containsExactly(new Pause("disk on fire"));
        assertThat(decisions.decide(running, storeFails(Map.of(WORKER, holding(ticket)))))
                .isEmpty();
    }

    @Test
    void theStorePausedRunLetsRunWhatRunsAndResumesByItself() {
        RunState paused = fold(running, new RunPaused(NOON, RestCause.STORE, "no room"));
        assertThat(decisions.decide(paused, storeFails(Map.of(WORKER, holding(ticket)))))
                .isEmpty();
        assertThat(decide(paused, Map.of(WORKER, holding(ticket)))).containsExactly(new Resume());
    }

    @Test
    void aPersonsPauseDoesNotEndWithTheStoresTrouble() {
        RunState paused = fold(
                fresh,
                new RunPaused(NOON, RestCause.STORE, "no room"),
                new RunPaused(NOON, RestCause.REQUESTED, "lunch"));
        assertThat(decide(paused, Map.of(WORKER, IDLE))).isEmpty();
    }

    @Test
    void aStageThatFailedForGoodStopsTheRun() {
        assertThat(decide(fail(fresh, CAPTURE, Category.USER), Map.of(WORKER, IDLE)))
                .containsExactly(new Stop(RestCause.FAILURE, "capture-000-part-0 failed on worker-1: disk on fire"));
    }

    @Test
    void aStopFirstCancelsWhatRuns() {
        assertThat(decisions.decide(running, stopRequested(Map.of(WORKER, holding(ticket)))))
                .containsExactly(new CancelAttempt(ticket, WORKER));
        assertThat(decisions.decide(fresh, stopRequested(Map.of(WORKER, IDLE))))
                .containsExactly(new Stop(RestCause.REQUESTED, "enough"));
    }

    @Test
    void whenEverythingIsCommittedTheRunIsComplete() {
        RunState done = commit(fresh, plan.stages().toArray(new Stage[0]));
        assertThat(decide(done, Map.of(WORKER, IDLE))).containsExactly(new Complete());
    }

    @Test
    void aRestingStageWaits() {
        Situation situation =
                new Situation(new TreeMap<>(Map.of(WORKER, IDLE)), Map.of(), Set.of(CAPTURE), true, Optional.empty());
        assertThat(decisions.decide(fresh, situation))
                .containsExactly(startOf(fresh, new Evaluate(Subject.FULL_PRECISION), WORKER));
    }

    @Test
    void aStageGoesRatherToAnotherWorkerThanTheOneItFailedOn() {
        RunState failed = fail(fresh, CAPTURE, Category.TRANSIENT, "a", Evidence.NONE);
        assertThat(decide(failed, Map.of("a", IDLE, "b", IDLE)).getFirst()).isEqualTo(startOf(failed, CAPTURE, "b"));
        assertThat(decide(failed, Map.of("a", IDLE)).getFirst()).isEqualTo(startOf(failed, CAPTURE, "a"));
    }

    @Test
    void aStageIsNotGivenToAnAvoidedWorkerWhileAnotherExists() {
        RunState failed = fail(fresh, CAPTURE, Category.ENVIRONMENT, "a", Evidence.NONE);
        Ticket other = new Ticket("tiny", BLOCK, 7, 1);
        assertThat(decide(failed, Map.of("a", IDLE, "b", holding(other))))
                .doesNotContain(startOf(failed, CAPTURE, "a"));
        assertThat(decide(failed, Map.of("a", IDLE))).contains(startOf(failed, CAPTURE, "a"));
    }

    @Test
    void anAvoidedWorkerIsBetterThanNoneOfTheSavedNumerics() {
        RunState failed = fail(fresh, CAPTURE, Category.ENVIRONMENT, "a", saved(5));
        assertThat(decide(failed, Map.of("a", IDLE, "b", WorkerView.idle("gpu"))))
                .contains(startOf(failed, CAPTURE, "a"));
    }

    @Test
    void aStageInProgressWaitsForAWorkerOfItsNumerics() {
        RunState failed = fail(fresh, CAPTURE, Category.WORKER_LOST, "a", saved(5));
        assertThat(decide(failed, Map.of("b", WorkerView.idle("gpu"))))
                .noneMatch(command -> command instanceof StartStage(Assignment assignment, String _, String _)
                        && assignment.ticket().stage().equals(CAPTURE));
        assertThat(decide(failed, Map.of("b", IDLE))).contains(startOf(failed, CAPTURE, "b"));
    }

    @Test
    void aStageThatStartsAnewAtHalfTheRateMayGoToAnyNumerics() {
        RunState once = fail(fresh, CAPTURE, Category.NOT_FINITE, "a", saved(5));
        RunState twice = fail(once, CAPTURE, Category.NOT_FINITE, "a", saved(5));
        Assignment halved = new Assignment(twice.nextTicket(CAPTURE), new Adjustment(0.5, 1));
        assertThat(decide(twice, Map.of("b", WorkerView.idle("gpu")))).contains(new StartStage(halved, "b", "gpu"));
    }

    @Test
    void aWorkerInQuarantineGetsNothing() {
        assertThat(decide(fresh, Map.of(WORKER, FLAPPING))).isEmpty();
    }

    @Test
    void aSlowWorkerComesLast() {
        assertThat(decide(fresh, Map.of("a", SLOW, "b", IDLE)).getFirst()).isEqualTo(startOf(fresh, CAPTURE, "b"));
    }

    @Test
    void aBlockMovesFromASlowWorkerToAnIdleOne() {
        RunState captured = commit(fresh, CAPTURE, new Evaluate(Subject.FULL_PRECISION));
        RunState state = commit(captured, new Evaluate(Subject.ROUND_TO_NEAREST));
        RunState training = fold(state, start(state, BLOCK));
        Ticket block = state.nextTicket(BLOCK);
        WorkerView slow = new WorkerView(NUMERICS, Set.of(block), Optional.empty(), false, true);
        assertThat(decide(training, Map.of(WORKER, slow, "b", IDLE))).containsExactly(new CancelAttempt(block, WORKER));
        assertThat(decide(training, Map.of(WORKER, slow, "b", WorkerView.idle("gpu"))))
                .isEmpty();
        assertThat(decide(training, Map.of(WORKER, slow, "b", SLOW))).isEmpty();
    }

    /** Everything but the end-to-end pass and what needs it has committed. */
    private RunState beforeEndToEnd() {
        return commit(
                fresh,
                CAPTURE,
                BLOCK,
                new TrainBlock(1),
                new TrainBlock(2),
                new Evaluate(Subject.BLOCK_AP),
                new Evaluate(Subject.FULL_PRECISION),
                new Evaluate(Subject.ROUND_TO_NEAREST));
    }

    @Test
    void idleWorkersOfEqualNumericsShareTheEndToEndPass() {
        RunState before = beforeEndToEnd();
        RunState state = fold(before, start(before, new EndToEnd()));
        Ticket pass = before.nextTicket(new EndToEnd());
        assertThat(decide(state, Map.of(WORKER, holding(pass), "b", IDLE, "c", WorkerView.idle("gpu"))))
                .containsExactly(new Assist(new Assignment(pass, Adjustment.NONE), "b"));
        assertThat(decide(state, Map.of(WORKER, holding(pass), "b", assisting(pass))))
                .isEmpty();
    }

    @Test
    void helpersAreCalledBackWhenThePassIsOver() {
        RunState before = beforeEndToEnd();
        Ticket pass = before.nextTicket(new EndToEnd());
        RunState failed = fail(before, new EndToEnd(), Category.TRANSIENT);
        assertThat(decide(failed, Map.of("b", assisting(pass)))).contains(new EndAssist(pass, "b"));
    }

    @Test
    void aHelperIsCalledBackForAStageOfItsOwn() {
        RunState captured = commit(fresh, CAPTURE, BLOCK, new TrainBlock(1), new TrainBlock(2));
        RunState state = fold(captured, start(captured, new EndToEnd()));
        Ticket pass = captured.nextTicket(new EndToEnd());
        assertThat(decide(state, Map.of(WORKER, holding(pass), "b", assisting(pass))))
                .containsExactly(new EndAssist(pass, "b"));
    }

    @Test
    void nothingStartsOnTopOfAStageThatIsDoneAgain() {
        RunState before = beforeEndToEnd();
        RunState reading = fold(before, start(before, new EndToEnd()));
        RunState damaged =
                fold(reading, new StageDamaged(NOON, before.nextTicket(new EndToEnd()), BLOCK, "3 of 4 bytes"));
        assertThat(decide(damaged, Map.of("a", IDLE, "b", IDLE))).containsExactly(startOf(damaged, BLOCK, "a"));
    }

    @Test
    void aSecondLookAtTheSameStateDecidesTheSame() {
        Map<String, WorkerView> workers = Map.of("a", IDLE, "b", SLOW);
        assertThat(decide(fresh, workers)).isEqualTo(decide(fresh, workers));
    }
}
