package io.blocksmith.cluster;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.result;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.blocksmith.run.Decisions;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.FailurePolicy;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The supervisor against hand-driven workers and attempts. */
class RunSupervisorTest {
    private static final Ticket CAPTURE = new Ticket("tiny", new Capture(0, 0), 1, 1);

    private final ActorTestKit kit = ActorTestKit.create();
    private final MemoryJournal journal = new MemoryJournal();
    private final TestProbe<StageAttempt.Command> attempt = kit.createTestProbe();
    private final TestProbe<Observer.Command> observer = kit.createTestProbe();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    private ActorRef<RunSupervisor.Command> supervise() {
        return kit.spawn(RunSupervisor.create(
                new RunSupervisor.Settings(
                        new RunSupervisor.RunSubmission("tiny", "d1"),
                        new Decisions(Plans.of(3, 1, 0), FailurePolicy.standard()),
                        journal,
                        "host:1",
                        InstantSource.fixed(NOON)),
                observer.getRef()));
    }

    private TestProbe<WorkerNode.Command> register(ActorRef<RunSupervisor.Command> supervisor, String name) {
        TestProbe<WorkerNode.Command> worker = kit.createTestProbe();
        supervisor.tell(new RunSupervisor.RegisterWorker(name, worker.getRef()));
        return worker;
    }

    private RunSupervisor.AttemptEnded done(Ticket ticket, String worker) {
        return new RunSupervisor.AttemptEnded(ticket, worker, new Outcome.Done(result(ticket)), attempt.getRef());
    }

    private static Ticket started(TestProbe<WorkerNode.Command> worker) {
        return worker.expectMessageClass(WorkerNode.Start.class).ticket();
    }

    private void awaitFailure() {
        Observer.Command seen;
        do {
            seen = observer.receiveMessage();
        } while (!(seen instanceof Observer.Recorded recorded && recorded.event() instanceof StageFailed));
    }

    @Test
    void aWorkerHearsOfAnAttemptOnlyAfterItIsDurable() {
        TestProbe<WorkerNode.Command> worker = register(supervise(), "a");
        assertThat(started(worker)).isEqualTo(CAPTURE);
        assertThat(journal.read().isRunning(CAPTURE)).isTrue();
    }

    @Test
    void aReportIsAcknowledgedOnlyAfterItIsDurable() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        started(register(supervisor, "a"));
        supervisor.tell(done(CAPTURE, "a"));
        attempt.expectMessage(new StageAttempt.Acknowledged());
        assertThat(journal.read().isCommitted(CAPTURE.stage())).isTrue();
    }

    @Test
    void aRepeatedReportIsAcknowledgedAndCommitsNothing() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        started(register(supervisor, "a"));
        supervisor.tell(done(CAPTURE, "a"));
        supervisor.tell(done(CAPTURE, "a"));
        attempt.expectMessage(new StageAttempt.Acknowledged());
        attempt.expectMessage(new StageAttempt.Acknowledged());
        assertThat(journal.events(StageCommitted.class)).hasSize(1);
    }

    @Test
    void anAttemptOfALostWorkerMovesToAnotherAndItsLateReportIsStale() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> lost = register(supervisor, "a");
        assertThat(started(lost)).isEqualTo(CAPTURE);
        TestProbe<WorkerNode.Command> other = register(supervisor, "b");
        Ticket evaluation = started(other);
        lost.stop();
        awaitFailure();
        supervisor.tell(done(evaluation, "b"));
        Ticket second = started(other);
        assertThat(second).isEqualTo(new Ticket("tiny", new Capture(0, 0), 2, 1));
        supervisor.tell(done(CAPTURE, "a"));
        supervisor.tell(done(second, "b"));
        assertThat(started(other).stage()).isEqualTo(new TrainBlock(0));
        assertThat(journal.events(StageFailed.class))
                .singleElement()
                .satisfies(failed -> assertThat(failed.reason()).isEqualTo("worker a was lost"));
        assertThat(journal.events(StageCommitted.class).stream().map(StageCommitted::ticket))
                .containsExactly(evaluation, second);
    }
}
