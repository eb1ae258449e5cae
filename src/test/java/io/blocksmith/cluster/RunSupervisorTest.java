package io.blocksmith.cluster;

import static io.blocksmith.run.Histories.result;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The supervisor against hand-driven workers and attempts. */
class RunSupervisorTest {
    /** Nothing is repeated while a test looks. */
    private static final Pace PACE =
            new Pace(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1));

    private static final Ticket CAPTURE = new Ticket("tiny", new Capture(0, 0), 1, 1);

    private final ActorTestKit kit = ActorTestKit.create();
    private final MemoryJournal journal = new MemoryJournal();
    private final TestProbe<WorkerNode.Command> attempt = kit.createTestProbe();
    private final TestProbe<Observer.Command> observer = kit.createTestProbe();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    private ActorRef<RunSupervisor.Command> supervise() {
        return kit.spawn(RunSupervisor.create(Supervision.of(journal, Plans.of(3, 1, 0), PACE), observer.getRef()));
    }

    /** A worker that the receptionist knows; it answers the supervisor's greeting as a node does. */
    private TestProbe<WorkerNode.Command> register(String name) {
        return register(name, "first");
    }

    private TestProbe<WorkerNode.Command> register(String name, String incarnation) {
        TestProbe<WorkerNode.Command> worker = kit.createTestProbe();
        kit.system().receptionist().tell(Receptionist.register(WorkerNode.KEY, worker.getRef()));
        WorkerNode.Hello hello = worker.expectMessageClass(WorkerNode.Hello.class);
        hello.supervisor().tell(new RunSupervisor.WorkerJoined(registration(name, incarnation), 0, worker.getRef()));
        return worker;
    }

    private static Registration registration(String name, String incarnation, Ticket... holds) {
        return new Registration(name, incarnation, "test", "1", Set.of(holds), Optional.empty(), 0);
    }

    private RunSupervisor.AttemptEnded done(Ticket ticket, String worker) {
        return new RunSupervisor.AttemptEnded(ticket, worker, new Outcome.Done(result(ticket)), attempt.getRef());
    }

    private static Ticket started(TestProbe<WorkerNode.Command> worker) {
        return worker.expectMessageClass(WorkerNode.Start.class).assignment().ticket();
    }

    private void awaitFailure() {
        Observer.Command seen;
        do {
            seen = observer.receiveMessage();
        } while (!(seen instanceof Observer.Recorded recorded && recorded.event() instanceof StageFailed));
    }

    @Test
    void aWorkerHearsOfAnAttemptOnlyAfterItIsDurable() {
        supervise();
        TestProbe<WorkerNode.Command> worker = register("a");
        assertThat(started(worker)).isEqualTo(CAPTURE);
        assertThat(journal.read().isRunning(CAPTURE)).isTrue();
    }

    @Test
    void aReportIsAcknowledgedOnlyAfterItIsDurable() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        started(register("a"));
        supervisor.tell(done(CAPTURE, "a"));
        attempt.expectMessage(new WorkerNode.Acknowledged(CAPTURE));
        assertThat(journal.read().isCommitted(CAPTURE.stage())).isTrue();
    }

    @Test
    void aRepeatedReportIsAcknowledgedAndCommitsNothing() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        started(register("a"));
        supervisor.tell(done(CAPTURE, "a"));
        supervisor.tell(done(CAPTURE, "a"));
        attempt.expectMessage(new WorkerNode.Acknowledged(CAPTURE));
        attempt.expectMessage(new WorkerNode.Acknowledged(CAPTURE));
        assertThat(journal.events(StageCommitted.class)).hasSize(1);
    }

    @Test
    void anAttemptOfALostWorkerMovesToAnotherAndItsLateReportIsStale() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> lost = register("a");
        assertThat(started(lost)).isEqualTo(CAPTURE);
        TestProbe<WorkerNode.Command> other = register("b");
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
                .satisfies(failed -> assertThat(failed.reason()).isEqualTo("worker a is gone"));
        assertThat(journal.events(StageCommitted.class).stream().map(StageCommitted::ticket))
                .containsExactly(evaluation, second);
    }

    /** As the same process, a pod of a StatefulSet say, comes back under the same name. */
    @Test
    void wordsOfAStartThatIsOverBringItNoWorkAndNobodyIsCharged() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> former = register("a");
        assertThat(started(former)).isEqualTo(CAPTURE);
        RunSupervisor.WorkerJoined late =
                new RunSupervisor.WorkerJoined(registration("a", "first", CAPTURE), 0, former.getRef());
        supervisor.tell(new RunSupervisor.WorkerLeaves(registration("a", "first", CAPTURE), former.getRef()));
        for (int i = 0; i < 7; i++) {
            supervisor.tell(late);
        }
        supervisor.tell(
                new RunSupervisor.AttemptEnded(CAPTURE, "a", new Outcome.Cancelled(Evidence.NONE), attempt.getRef()));
        attempt.expectMessage(new WorkerNode.Acknowledged(CAPTURE));
        former.stop();
        supervisor.tell(late);
        TestProbe<WorkerNode.Command> present = register("a", "second");
        assertThat(started(present)).isEqualTo(new Ticket("tiny", new Capture(0, 0), 2, 1));
        supervisor.tell(late);
        supervisor.tell(new RunSupervisor.WorkerLeaves(registration("a", "first", CAPTURE), former.getRef()));
        supervisor.tell(done(new Ticket("tiny", new Capture(0, 0), 2, 1), "a"));
        assertThat(started(present).stage()).isNotEqualTo(CAPTURE.stage());
        assertThat(journal.events(StageFailed.class)).isEmpty();
        assertThat(journal.events(StageCancelled.class)).hasSize(1);
    }

    @Test
    void aWorkerThatIsKilledAfterItsGoodbyeChargesNobody() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> leaving = register("a");
        assertThat(started(leaving)).isEqualTo(CAPTURE);
        supervisor.tell(new RunSupervisor.WorkerLeaves(registration("a", "first", CAPTURE), leaving.getRef()));
        leaving.stop();
        assertThat(started(register("b"))).isEqualTo(new Ticket("tiny", new Capture(0, 0), 2, 1));
        assertThat(journal.events(StageFailed.class)).isEmpty();
        assertThat(journal.events(StageCancelled.class)).hasSize(1);
    }

    @Test
    void aWorkerWhoseWatchEndedWronglyIsAskedToComeAnewAndThenGetsWork() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> worker = register("a");
        assertThat(started(worker)).isEqualTo(CAPTURE);
        supervisor.tell(new RunSupervisor.WorkerLost(registration("a", "first"), worker.getRef()));
        supervisor.tell(new RunSupervisor.WorkerJoined(registration("a", "first"), 0, worker.getRef()));
        assertThat(worker.fishForMessage(
                        Duration.ofMinutes(1),
                        heard -> heard instanceof WorkerNode.ComeAnew
                                ? FishingOutcomes.complete()
                                : FishingOutcomes.continueAndIgnore()))
                .containsExactly(new WorkerNode.ComeAnew("first"));
        supervisor.tell(new RunSupervisor.WorkerJoined(registration("a", "first+1"), 0, worker.getRef()));
        assertThat(started(worker)).isEqualTo(new Ticket("tiny", new Capture(0, 0), 2, 1));
    }

    @Test
    void aWorkerThatLeavesGivesItsAttemptBackAndGetsNoOther() {
        ActorRef<RunSupervisor.Command> supervisor = supervise();
        TestProbe<WorkerNode.Command> leaving = register("a");
        assertThat(started(leaving)).isEqualTo(CAPTURE);
        supervisor.tell(new RunSupervisor.WorkerLeaves(registration("a", "first", CAPTURE), leaving.getRef()));
        supervisor.tell(
                new RunSupervisor.AttemptEnded(CAPTURE, "a", new Outcome.Cancelled(Evidence.NONE), attempt.getRef()));
        attempt.expectMessage(new WorkerNode.Acknowledged(CAPTURE));
        TestProbe<WorkerNode.Command> other = register("b");
        assertThat(started(other)).isEqualTo(new Ticket("tiny", new Capture(0, 0), 2, 1));
        leaving.expectNoMessage(Duration.ZERO);
    }
}
