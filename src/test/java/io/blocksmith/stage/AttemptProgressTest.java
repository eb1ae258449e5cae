package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AttemptProgressTest {
    private static final long SECOND = 1_000_000_000;

    private final AtomicLong nanoTime = new AtomicLong();
    private final List<Progress> told = new ArrayList<>();
    private final AttemptProgress progress = new AttemptProgress(
            new Ticket("run", new Stage.TrainBlock(0), 1, 1),
            new Monitor() {
                @Override
                public void progressed(Progress told) {
                    AttemptProgressTest.this.told.add(told);
                }

                @Override
                public boolean cancelled() {
                    return false;
                }
            },
            nanoTime::get);

    @Test
    void timeWaitedForDataIsAShareOfItsPhase() {
        progress.begin("validate");
        progress.waitedForData(SECOND);
        progress.begin("train");
        nanoTime.addAndGet(4 * SECOND);
        progress.waitedForData(SECOND);
        progress.stepped(1, 1, 1, 2, 0.5, 100);

        assertThat(told.getLast().dataWait()).isEqualTo(0.25);
    }

    @Test
    void aPhaseThatMeasuresNoWaitHasNone() {
        progress.begin("seal");
        nanoTime.addAndGet(SECOND);
        progress.passed(1, 2, 10);

        assertThat(told.getLast().dataWait()).isNaN();
    }

    @Test
    void theRateOfAResumedTrainingCountsItsOwnSteps() {
        progress.begin("train");
        progress.goesOnAfter(90);
        nanoTime.addAndGet(2 * SECOND);
        progress.stepped(1, 1, 92, 100, 0.5, 10);

        assertThat(told.getLast().tokensPerSecond()).isEqualTo(10);
    }
}
