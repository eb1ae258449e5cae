package io.blocksmith.cluster;

import static io.blocksmith.run.Histories.result;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StageAttemptTest {
    private static final Ticket TICKET = new Ticket("tiny", new TrainBlock(0), 1, 1);
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(20);

    private final ActorTestKit kit = ActorTestKit.create();
    private final ExecutorService deviceThread = Executors.newSingleThreadExecutor();
    private final ScriptedRunner runner = new ScriptedRunner();
    private final TestProbe<WorkerNode.Command> reports = kit.createTestProbe();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
        deviceThread.shutdownNow();
    }

    private ActorRef<StageAttempt.Command> start(Pace pace) {
        return kit.spawn(BlockTrainer.create(
                new Assignment(TICKET, Adjustment.NONE),
                reports.getRef(),
                new Device(runner, "test", deviceThread),
                pace));
    }

    @Test
    void theOutcomeIsRepeatedUntilItIsAcknowledged() {
        ActorRef<StageAttempt.Command> attempt = start(new Pace(LONG, SHORT, LONG, LONG));
        WorkerNode.AttemptEnded expected = new WorkerNode.AttemptEnded(TICKET, new Outcome.Done(result(TICKET)));
        reports.expectMessage(expected);
        reports.expectMessage(expected);
        reports.expectMessage(expected);
        attempt.tell(new StageAttempt.Acknowledged());
        reports.expectTerminated(attempt);
    }

    @Test
    void whatACancelledAttemptSavesOnLeavingIsInItsEvidence() {
        runner.at(TICKET.stage(), (ticket, monitor) -> {
            monitor.progressed(ScriptedRunner.step(ticket, 7));
            while (!monitor.cancelled() && !Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
            monitor.progressed(ScriptedRunner.step(ticket, 7).again(1, 7));
            throw new CancellationException("cancelled");
        });
        ActorRef<StageAttempt.Command> attempt = start(new Pace(LONG, LONG, LONG, LONG));
        reports.expectMessage(new WorkerNode.AttemptProgressed(ScriptedRunner.step(TICKET, 7)));
        attempt.tell(new StageAttempt.Cancel());
        double loss = ScriptedRunner.step(TICKET, 7).loss();
        reports.expectMessage(
                new WorkerNode.AttemptEnded(TICKET, new Outcome.Cancelled(new Evidence(7, 7, List.of(loss)))));
    }

    @Test
    void progressWithinThePaceIsHeldBackAndTheLatestIsKept() {
        CountDownLatch release = new CountDownLatch(1);
        runner.at(TICKET.stage(), (ticket, monitor) -> {
            for (long step = 1; step <= 1000; step++) {
                monitor.progressed(ScriptedRunner.step(ticket, step));
            }
            try {
                release.await();
            } catch (InterruptedException stopped) {
                throw new IllegalStateException(stopped);
            }
            return result(ticket);
        });
        Duration pace = Duration.ofMillis(500);
        long begin = System.nanoTime();
        start(new Pace(pace, LONG, LONG, LONG));
        reports.expectMessage(new WorkerNode.AttemptProgressed(ScriptedRunner.step(TICKET, 1)));
        int more = 0;
        Progress told;
        do {
            told = reports.expectMessageClass(WorkerNode.AttemptProgressed.class)
                    .progress();
            more++;
        } while (told.step() < 1000);
        assertThat(told).isEqualTo(ScriptedRunner.step(TICKET, 1000));
        // One, unless this machine is so busy that the steps alone took longer.
        assertThat(more).isLessThanOrEqualTo((int) ((System.nanoTime() - begin) / pace.toNanos()));
        release.countDown();
        assertThat(reports.receiveMessage()).isInstanceOf(WorkerNode.AttemptEnded.class);
    }
}
