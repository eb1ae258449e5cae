package io.blocksmith.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObserverTest {
    private final ActorTestKit kit = ActorTestKit.create();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    @Test
    void itStopsOnceTheOutcomeIsOutAlsoWhenItsListenerIsBroken() {
        CompletableFuture<RunOutcome> outcome = new CompletableFuture<>();
        RunListener broken = new RunListener() {
            @Override
            public void recorded(Event event, RunState after) {}

            @Override
            public void progressed(Progress progress) {}

            @Override
            public void ended(RunOutcome how) {
                throw new IllegalStateException("broken");
            }
        };
        ActorRef<Observer.Command> observer = kit.spawn(Observer.create(broken, outcome));
        RunOutcome completed = new RunOutcome.Completed(Histories.started(1));
        observer.tell(new Observer.Ended(completed));
        kit.createTestProbe().expectTerminated(observer);
        assertThat(outcome).isCompletedWithValue(completed);
    }
}
