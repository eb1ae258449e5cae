package io.blocksmith.run;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.NUMERICS;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.commit;
import static io.blocksmith.run.Histories.fold;
import static io.blocksmith.run.Histories.result;
import static io.blocksmith.run.Histories.start;
import static io.blocksmith.run.Histories.started;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Step.Acknowledge;
import io.blocksmith.run.Step.Append;
import io.blocksmith.run.Step.End;
import io.blocksmith.run.Step.Forget;
import io.blocksmith.run.Step.FoundDurable;
import io.blocksmith.run.Step.Fulfil;
import io.blocksmith.run.Step.Place;
import io.blocksmith.run.Step.ReadJournal;
import io.blocksmith.run.Step.ReadJournalLater;
import io.blocksmith.run.Step.Tell;
import io.blocksmith.run.Supervisor.Report;
import io.blocksmith.run.Supervisor.Submission;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The supervisor's order of things, word by word. */
class SupervisorTest {
    private static final Duration NOW = Duration.ofSeconds(100);
    private static final Stage CAPTURE = new Capture(0, 0);
    private static final Ticket TICKET = new Ticket("tiny", CAPTURE, 1, 2);

    private final Plan plan = Plans.of(3, 1, 0);
    private final RunState before = started(3);
    private final Supervisor supervisor = new Supervisor(
            new Decisions(plan, FailurePolicy.of(Plans.recipe(2, 1, 0), 3, 5)),
            new Submission("tiny", "d1"),
            "host:2",
            new Fleet(Fleet.Limits.standard(), NOW),
            new Watchdog(Watchdog.Limits.standard()),
            new Troubles());

    private List<Step> next() {
        return supervisor.next(NOW, NOON);
    }

    private List<Step> reads(RunState held) {
        supervisor.read(held, new LinkedHashMap<>(), NOW);
        return next();
    }

    private List<Step> written() {
        supervisor.appended(new Appended.Durable(), NOW);
        return next();
    }

    private List<Step> fenced() {
        supervisor.appended(new Appended.Fenced("host:3", 7), NOW);
        return next();
    }

    private List<Step> fails(Category category) {
        supervisor.journalFailed(new BlocksmithException(category, "no answer", null));
        return next();
    }

    private void takesOver(RunState held) {
        assertThat(next()).containsExactly(new ReadJournal());
        assertThat(reads(held)).containsExactly(new Append(new SupervisorStarted(NOON, held.epoch() + 1, "host:2")));
        written();
    }

    private void joins(String worker, Ticket... holds) {
        supervisor.joined(new Registration(worker, "first", NUMERICS, "1", Set.of(holds), Optional.empty(), 0), NOW);
    }

    private static Report done(Ticket ticket) {
        return new Report(ticket, WORKER, new Outcome.Done(result(ticket)), () -> {});
    }

    private static StageCommitted committed(Ticket ticket) {
        return new StageCommitted(NOON, ticket, result(ticket));
    }

    private static SequencedMap<String, Request> drain(String worker) {
        SequencedMap<String, Request> requests = new LinkedHashMap<>();
        requests.put("r1", new Request.Drain("ann", worker));
        return requests;
    }

    /** Takes over, and has the first stage on its way to the only worker. */
    private void startsFirstStage() {
        takesOver(before);
        joins(WORKER);
        assertThat(next()).containsExactly(new Append(start(supervisor.state(), CAPTURE)));
    }

    @Test
    void whoeverHasNothingToWriteLooksAgainAndEndsWhenItWasOvertaken() {
        takesOver(before);
        assertThat(supervisor.next(NOW.plus(Supervisor.LOOK_AGAIN).minusMillis(1), NOON))
                .isEmpty();
        Duration later = NOW.plus(Supervisor.LOOK_AGAIN);
        assertThat(supervisor.next(later, NOON)).containsExactly(new ReadJournal());
        assertThat(supervisor.next(later, NOON)).isEmpty();
        supervisor.read(supervisor.state(), new LinkedHashMap<>(), later);
        assertThat(supervisor.next(later, NOON)).isEmpty();
        assertThat(supervisor.isOver()).isFalse();

        Duration muchLater = later.plus(Supervisor.LOOK_AGAIN);
        assertThat(supervisor.next(muchLater, NOON)).containsExactly(new ReadJournal());
        RunState theirs = supervisor.state().after(new SupervisorStarted(NOON, 3, "host:3"));
        supervisor.read(theirs, new LinkedHashMap<>(), muchLater);
        assertThat(supervisor.next(muchLater, NOON)).containsExactly(new End(new RunOutcome.Fenced("host:3", 3)));
    }

    @Test
    void anEmptyJournalIsFirstTheRunsAndThenTheSupervisors() {
        next();
        assertThat(reads(RunState.empty())).containsExactly(new Append(new RunSubmitted(NOON, "tiny", "d1", 3)));
        assertThat(written()).containsExactly(new Append(new SupervisorStarted(NOON, 1, "host:2")));
        assertThat(supervisor.epoch()).isZero();
        assertThat(written()).isEmpty();
        assertThat(supervisor.epoch()).isEqualTo(1);
    }

    @Test
    void anotherRunsJournalIsLeftAlone() {
        next();
        RunState other = fold(RunState.empty(), new RunSubmitted(NOON, "tiny", "d9", 3));
        assertThat(reads(other))
                .singleElement()
                .isInstanceOfSatisfying(
                        End.class, end -> assertThat(end.outcome()).isInstanceOf(RunOutcome.Broken.class));
        assertThat(supervisor.isOver()).isTrue();
    }

    @Test
    void aWorkerHearsOfAStartWhenItIsDurable() {
        startsFirstStage();
        assertThat(written()).containsExactly(new Place(new Assignment(TICKET, Adjustment.NONE), WORKER));
    }

    @Test
    void nothingIsDoneWhileTheJournalIsAwaited() {
        startsFirstStage();
        joins("worker-2");
        supervisor.reported(done(TICKET));
        supervisor.asked(drain(WORKER));
        supervisor.stop("enough");
        assertThat(next()).isEmpty();
    }

    @Test
    void reportsComeBeforeRequestsAndRequestsBeforeDecisions() {
        startsFirstStage();
        joins("worker-2");
        supervisor.reported(done(TICKET));
        supervisor.asked(drain("worker-2"));
        assertThat(written())
                .containsExactly(
                        new Place(new Assignment(TICKET, Adjustment.NONE), WORKER), new Append(committed(TICKET)));
        assertThat(written())
                .contains(new Forget(TICKET))
                .endsWith(new Append(new WorkerDrained(NOON, "worker-2", "drained by ann")));
        assertThat(written())
                .startsWith(new Fulfil("r1"))
                .last()
                .isInstanceOfSatisfying(
                        Append.class, append -> assertThat(append.event()).isInstanceOf(StageStarted.class));
    }

    @Test
    void aReportIsAcknowledgedWhenItIsDurableAndAtOnceWhenItIsStale() {
        startsFirstStage();
        written();
        Report report = done(TICKET);
        supervisor.reported(report);
        assertThat(next()).containsExactly(new Append(committed(TICKET)));
        assertThat(written()).startsWith(new Acknowledge(report, false), new Forget(TICKET));
        supervisor.reported(report);
        written();
        assertThat(supervisor.state().isCommitted(CAPTURE)).isTrue();
        supervisor.reported(report);
        assertThat(next()).contains(new Acknowledge(report, true));
    }

    @Test
    void aFailingJournalIsReadAgainEachTimeLater() {
        startsFirstStage();
        assertThat(fails(Category.STORE_UNAVAILABLE))
                .containsExactly(new ReadJournalLater(Duration.ofSeconds(1), "no answer"));
        assertThat(next()).isEmpty();
        assertThat(fails(Category.STORE_UNAVAILABLE))
                .containsExactly(new ReadJournalLater(Duration.ofSeconds(2), "no answer"));
    }

    @Test
    void aJournalThatIsBrokenEndsTheSupervision() {
        startsFirstStage();
        assertThat(fails(Category.DEFECT)).singleElement().isInstanceOf(End.class);
    }

    @Test
    void aStartWhoseAnswerGotLostIsPlaced() {
        startsFirstStage();
        RunState known = supervisor.state();
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(fold(known, start(known, CAPTURE))))
                .containsExactly(
                        new FoundDurable(start(known, CAPTURE)),
                        new Place(new Assignment(TICKET, Adjustment.NONE), WORKER));
    }

    @Test
    void anEndWhoseAnswerGotLostIsToldAcknowledgedAndForgottenOnce() {
        startsFirstStage();
        written();
        Report report = done(TICKET);
        supervisor.reported(report);
        next();
        RunState known = supervisor.state();
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(fold(known, committed(TICKET))))
                .startsWith(new FoundDurable(committed(TICKET)), new Acknowledge(report, false), new Forget(TICKET));
        assertThat(supervisor.state().isCommitted(CAPTURE)).isTrue();
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(supervisor.state())).noneMatch(FoundDurable.class::isInstance);
    }

    @Test
    void aFailureWhoseAnswerGotLostIsToldAndForgotten() {
        startsFirstStage();
        written();
        Outcome failed = new Outcome.Failed(Category.DEFECT, "broken", Evidence.NONE);
        supervisor.reported(new Report(TICKET, WORKER, failed, () -> {}));
        Append append = (Append) next().getFirst();
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(fold(supervisor.state(), append.event())))
                .startsWith(new FoundDurable(append.event()))
                .contains(new Forget(TICKET));
    }

    @Test
    void aRestWhoseAnswerGotLostEndsOnce() {
        takesOver(before);
        supervisor.stop("enough");
        RunStopped stopped = new RunStopped(NOON, RestCause.REQUESTED, "enough");
        assertThat(next()).containsExactly(new Append(stopped));
        RunState known = supervisor.state();
        fails(Category.STORE_UNAVAILABLE);
        RunState rests = fold(known, stopped);
        assertThat(reads(rests)).containsExactly(new FoundDurable(stopped), new End(new RunOutcome.Stopped(rests)));
    }

    @Test
    void aStartThatDidNotReachTheJournalIsDecidedAgain() {
        startsFirstStage();
        RunState known = supervisor.state();
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(known)).containsExactly(new Append(start(known, CAPTURE)));
    }

    @Test
    void whoeverIsOvertakenWhileTakingOverReadsAgainButNotForEver() {
        next();
        for (int times = 1; times < 5; times++) {
            reads(before);
            assertThat(fenced()).containsExactly(new ReadJournal());
        }
        reads(before);
        assertThat(fenced()).containsExactly(new End(new RunOutcome.Fenced("host:3", 7)));
    }

    @Test
    void whoeverIsOvertakenLaterEnds() {
        startsFirstStage();
        assertThat(fenced()).containsExactly(new End(new RunOutcome.Fenced("host:3", 7)));
        supervisor.reported(done(TICKET));
        assertThat(next()).isEmpty();
    }

    @Test
    void whoeverReadsOfAnotherSupervisorEnds() {
        startsFirstStage();
        RunState taken = fold(supervisor.state(), new SupervisorStarted(NOON, 7, "host:3"));
        fails(Category.STORE_UNAVAILABLE);
        assertThat(reads(taken)).containsExactly(new End(new RunOutcome.Fenced("host:3", 7)));
    }

    @Test
    void anIdleRequestIsDoneOnlyByAStateThatWasReadSince() {
        takesOver(fold(before, new WorkerDrained(NOON, WORKER, "drained by bob")));
        supervisor.asked(drain(WORKER));
        assertThat(next()).containsExactly(new ReadJournal());
        assertThat(reads(supervisor.state())).containsExactly(new Fulfil("r1"));
    }

    @Test
    void aCancellationRestsTheRunAndIsLeftToWhoeverComesNextUntilThen() {
        startsFirstStage();
        written();
        SequencedMap<String, Request> cancel = new LinkedHashMap<>();
        cancel.put("r1", new Request.Cancel("ann"));
        supervisor.asked(cancel);
        assertThat(next()).containsExactly(new Tell(new CancelAttempt(TICKET, WORKER)));
        assertThat(supervisor.isStopping()).isTrue();
        supervisor.reported(new Report(TICKET, WORKER, new Outcome.Cancelled(Evidence.NONE), () -> {}));
        next();
        assertThat(written())
                .last()
                .isEqualTo(new Append(new RunStopped(NOON, RestCause.REQUESTED, "cancelled by ann")));
        assertThat(written()).containsExactly(new End(new RunOutcome.Stopped(supervisor.state())));
    }

    @Test
    void attemptsUnderWayOutliveTheirSupervisor() {
        RunState running = fold(before, start(before, CAPTURE));
        Ticket old = before.nextTicket(CAPTURE);
        takesOver(running);
        joins(WORKER, old);
        assertThat(next()).isEmpty();
        supervisor.reported(done(old));
        assertThat(next()).containsExactly(new Append(committed(old)));
    }

    @Test
    void aCompleteRunIsOpenedForARetryOnly() {
        next();
        RunState complete = fold(commit(before, plan.stages().toArray(Stage[]::new)), new Event.RunCompleted(NOON));
        SequencedMap<String, Request> asked = new LinkedHashMap<>();
        asked.put("r1", new Request.Retry("ann", CAPTURE));
        supervisor.read(complete, asked, NOW);
        assertThat(next()).containsExactly(new Append(new SupervisorStarted(NOON, 2, "host:2")));
        assertThat(written()).containsExactly(new Append(new Event.StageReset(NOON, CAPTURE, "reset by ann")));
    }

    @Test
    void aCompleteRunIsOtherwiseLeftAsItIs() {
        next();
        RunState complete = fold(commit(before, plan.stages().toArray(Stage[]::new)), new Event.RunCompleted(NOON));
        assertThat(reads(complete)).containsExactly(new End(new RunOutcome.Completed(complete)));
    }

    @Test
    void aPausedRunStaysPausedUnderItsNextSupervisor() {
        takesOver(fold(before, new RunPaused(NOON, RestCause.REQUESTED, "lunch")));
        joins(WORKER);
        assertThat(next()).isEmpty();
    }
}
