package io.blocksmith.cluster;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static io.blocksmith.run.Histories.result;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmbeddedRunTest {
    private final Plan plan = Plans.of(3, 1, 0);
    private final ExecutorService deviceThread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().name("device").factory());
    private final ScriptedRunner runner = new ScriptedRunner();
    private final Recorder recorder = new Recorder();

    /** Remembers what it saw; lets a test wait for a running attempt's progress. */
    private static final class Recorder implements RunListener {
        private final List<Event> events = new ArrayList<>();
        private final CompletableFuture<Phase> phaseAtTheEnd = new CompletableFuture<>();
        private volatile Phase lastLook = Phase.NEW;
        private final CompletableFuture<Progress> firstProgress = new CompletableFuture<>();

        @Override
        public synchronized void recorded(Event event, RunState after) {
            events.add(event);
        }

        @Override
        public void progressed(Progress progress) {
            firstProgress.complete(progress);
        }

        @Override
        public void looked(RunStatus status) {
            lastLook = status.state().phase();
        }

        @Override
        public void ended(RunOutcome outcome) {
            phaseAtTheEnd.complete(lastLook);
        }

        synchronized List<Event> events() {
            return List.copyOf(events);
        }
    }

    @AfterEach
    void stopDevice() {
        deviceThread.shutdownNow();
    }

    private EmbeddedRun start(MemoryJournal journal) {
        return EmbeddedRun.start(
                Supervision.of(journal, plan, Supervision.QUICK), new Device(runner, "test", deviceThread), recorder);
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(2, TimeUnit.MINUTES);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(2, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    private static List<Stage> committed(MemoryJournal journal) {
        return journal.events(StageCommitted.class).stream()
                .map(event -> event.ticket().stage())
                .toList();
    }

    @Test
    void aRunCommitsEveryStageInThePlansOrder() throws Exception {
        MemoryJournal journal = new MemoryJournal();
        assertThat(await(start(journal).outcome())).isEqualTo(new RunOutcome.Completed(journal.read()));
        assertThat(committed(journal)).containsExactlyElementsOf(plan.stages());
        assertThat(journal.read().result(new TrainBlock(2)))
                .contains(result(new Ticket("tiny", new TrainBlock(2), 1, 1)));
    }

    @Test
    void theListenerSeesEveryRecordedEvent() throws Exception {
        MemoryJournal journal = new MemoryJournal();
        await(start(journal).outcome());
        assertThat(recorder.events()).isEqualTo(journal.events());
    }

    @Test
    void theListenersLastLookIsAtTheRunAtRest() throws Exception {
        await(start(new MemoryJournal()).outcome());
        assertThat(await(recorder.phaseAtTheEnd)).isEqualTo(Phase.COMPLETED);
    }

    @Test
    void allNativeWorkIsOnTheDeviceThread() throws Exception {
        await(start(new MemoryJournal()).outcome());
        assertThat(runner.threads()).hasSize(plan.stages().size()).containsOnly("device");
    }

    @Test
    void aResumedRunDoesOnlyTheRest() throws Exception {
        MemoryJournal journal = new MemoryJournal(past(new Capture(0, 0), new TrainBlock(0), new TrainBlock(1)));
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Completed.class);
        assertThat(runner.ran().getFirst()).isEqualTo(new Ticket("tiny", new TrainBlock(2), 1, 2));
        assertThat(runner.ran()).hasSize(plan.stages().size() - 3);
    }

    @Test
    void aStageThatACrashCutShortRunsAgainAsTheNextAttempt() throws Exception {
        List<Event> events = new ArrayList<>(List.of(past(new Capture(0, 0))));
        events.add(new StageStarted(
                NOON, new Ticket("tiny", new TrainBlock(0), 1, 1), "embedded", "test", Adjustment.NONE));
        await(start(new MemoryJournal(events.toArray(Event[]::new))).outcome());
        assertThat(runner.ran().getFirst()).isEqualTo(new Ticket("tiny", new TrainBlock(0), 2, 2));
    }

    @Test
    void aCompletedRunStartsNothing() throws Exception {
        MemoryJournal journal = new MemoryJournal();
        await(start(journal).outcome());
        List<Event> before = journal.events();
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Completed.class);
        assertThat(journal.events()).isEqualTo(before);
    }

    @Test
    void aTransientFailureIsRetriedAsTheSecondAttempt() throws Exception {
        runner.at(new TrainBlock(1), (ticket, monitor) -> {
            if (ticket.attempt() == 1) {
                throw BlocksmithException.transientFault(null, "the disk hiccupped");
            }
            return result(ticket);
        });
        MemoryJournal journal = new MemoryJournal();
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Completed.class);
        assertThat(journal.read().stage(new TrainBlock(1)).attempts()).isEqualTo(2);
        assertThat(journal.events(StageFailed.class))
                .containsExactly(new StageFailed(
                        NOON,
                        new Ticket("tiny", new TrainBlock(1), 1, 1),
                        Category.TRANSIENT,
                        "the disk hiccupped",
                        "embedded",
                        Evidence.NONE));
    }

    @Test
    void aUserFailureStopsTheRunWithItsMessage() throws Exception {
        runner.at(new TrainBlock(1), (ticket, monitor) -> {
            throw BlocksmithException.user("calibration file is empty");
        });
        MemoryJournal journal = new MemoryJournal();
        assertThat(await(start(journal).outcome())).isInstanceOfSatisfying(RunOutcome.Stopped.class, stopped -> {
            assertThat(stopped.state().phase()).isEqualTo(Phase.STOPPED);
            assertThat(stopped.state().rest()).hasValueSatisfying(rest -> {
                assertThat(rest.cause()).isEqualTo(RestCause.FAILURE);
                assertThat(rest.reason()).isEqualTo("block-001 failed on embedded: calibration file is empty");
            });
        });
    }

    @Test
    void anUnexpectedExceptionIsADefect() throws Exception {
        runner.at(new Capture(0, 0), (ticket, monitor) -> {
            throw new IllegalStateException("impossible");
        });
        MemoryJournal journal = new MemoryJournal();
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Stopped.class);
        assertThat(journal.events(StageFailed.class)).hasSize(3).allSatisfy(failed -> {
            assertThat(failed.category()).isEqualTo(Category.DEFECT);
            assertThat(failed.reason()).contains("IllegalStateException: impossible");
        });
    }

    @Test
    void statusIsAnsweredDuringAStep() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        runner.at(new TrainBlock(0), (ticket, monitor) -> {
            monitor.progressed(ScriptedRunner.step(ticket, 7));
            await(release);
            return result(ticket);
        });
        EmbeddedRun run = start(new MemoryJournal());
        Progress seen = await(recorder.firstProgress);
        RunStatus status = await(run.status());
        assertThat(status.state().isRunning(seen.ticket())).isTrue();
        assertThat(status.progress()).containsEntry(seen.ticket(), ScriptedRunner.step(seen.ticket(), 7));
        assertThat(status.reachable()).containsOnlyKeys("embedded");
        release.countDown();
        assertThat(await(run.outcome())).isInstanceOf(RunOutcome.Completed.class);
    }

    @Test
    void aStopEndsTheAttemptBetweenTwoStepsAndCountsAgainstNothing() throws Exception {
        runner.at(new TrainBlock(0), (ticket, monitor) -> {
            for (long step = 1; !monitor.cancelled(); step++) {
                monitor.progressed(ScriptedRunner.step(ticket, step));
                // Steps without a pause would fill the actor's mailbox faster than a busy machine empties it.
                LockSupport.parkNanos(1_000_000);
            }
            throw new CancellationException();
        });
        MemoryJournal journal = new MemoryJournal();
        EmbeddedRun run = start(journal);
        await(recorder.firstProgress);
        run.stop("a person asked");
        assertThat(await(run.outcome()))
                .isInstanceOfSatisfying(
                        RunOutcome.Stopped.class,
                        stopped -> assertThat(stopped.state().rest())
                                .hasValueSatisfying(
                                        rest -> assertThat(rest.reason()).isEqualTo("a person asked")));
        assertThat(journal.events(StageCancelled.class)).hasSize(1);
        assertThat(journal.events(StageFailed.class)).isEmpty();
    }

    @Test
    void aStoppedRunResumes() throws Exception {
        runner.at(new Report(), (ticket, monitor) -> {
            if (ticket.attempt() == 1) {
                throw BlocksmithException.user("no title for the report");
            }
            return result(ticket);
        });
        MemoryJournal journal = new MemoryJournal();
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Stopped.class);
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Completed.class);
        assertThat(runner.ran()).hasSize(plan.stages().size() + 1);
    }

    @Test
    void aSupervisorThatLosesARecordStepsDownNamingTheHolder() throws Exception {
        MemoryJournal journal = new MemoryJournal();
        journal.refuse(
                event -> event instanceof StageCommitted committed
                        && committed.ticket().stage() instanceof TrainBlock,
                event -> new Appended.Fenced("host:2", 7));
        assertThat(await(start(journal).outcome())).isEqualTo(new RunOutcome.Fenced("host:2", 7));
        assertThat(runner.ran()).hasSize(2);
    }

    @Test
    void aJournalThatFailsBreaksTheRunWithItsOwnMessage() throws Exception {
        MemoryJournal journal = new MemoryJournal();
        journal.refuse(event -> event instanceof StageCommitted, event -> {
            throw BlocksmithException.environment(null, "no room is left");
        });
        assertThat(await(start(journal).outcome()))
                .isInstanceOfSatisfying(
                        RunOutcome.Broken.class,
                        broken -> assertThat(broken.cause()).hasMessage("no room is left"));
    }

    @Test
    void aJournalOfAnotherIdentityIsRefused() throws Exception {
        MemoryJournal journal = new MemoryJournal(new RunSubmitted(NOON, "tiny", "d2", 3));
        assertThat(await(start(journal).outcome()))
                .isInstanceOfSatisfying(
                        RunOutcome.Broken.class,
                        broken -> assertThat(broken.cause()).hasMessageContaining("submitted with identity d2"));
    }

    @Test
    void anUnreadableJournalBreaksTheRun() throws Exception {
        MemoryJournal journal = new MemoryJournal(new SupervisorStarted(NOON, 1, "of no run"));
        assertThat(await(start(journal).outcome())).isInstanceOf(RunOutcome.Broken.class);
    }

    @Test
    void aDeviceThatTakesNoWorkEndsTheRunInsteadOfHangingIt() {
        deviceThread.shutdownNow();
        assertThat(start(new MemoryJournal()).outcome().toCompletableFuture())
                .failsWithin(Duration.ofMinutes(2))
                .withThrowableThat()
                .withMessageContaining("the actors stopped before the run did");
    }

    /** Events of a supervisor that committed these stages and then died. */
    private Event[] past(Stage... stages) {
        List<Event> events = new ArrayList<>();
        events.add(new RunSubmitted(NOON, "tiny", "d1", 3));
        events.add(new SupervisorStarted(NOON, 1, "host:0"));
        for (Stage stage : stages) {
            Ticket ticket = new Ticket("tiny", stage, 1, 1);
            events.add(new StageStarted(NOON, ticket, WORKER, "test", Adjustment.NONE));
            events.add(new StageCommitted(NOON, ticket, Histories.result(ticket)));
        }
        return events.toArray(Event[]::new);
    }
}
