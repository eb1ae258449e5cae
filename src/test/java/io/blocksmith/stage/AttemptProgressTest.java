package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
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
    void everySignOfLifeIsTheLastReportUnderAnotherNumber() {
        progress.begin("train");
        progress.savedStep(() -> 3);
        progress.stepped(1, 1, 5, 10, 0.5, 100);
        progress.alive();
        progress.alive();
        progress.stepped(1, 1, 6, 10, 0.5, 100);

        assertThat(told).extracting(Progress::step).containsExactly(0L, 5L, 5L, 5L, 6L);
        assertThat(told).doesNotHaveDuplicates();
        assertThat(told.get(3)).isEqualTo(told.get(1).again(3, 3));
    }

    @Test
    void eachPartOfAStepOrOfAValidationIsASignOfLife() {
        AttemptListener listener =
                new AttemptListener(progress, new LossCurves(), new AttemptListener.Shape(1, 100, 1, 100, 1), () -> {});
        progress.begin("train");
        listener.waited();
        listener.waited();

        assertThat(told).hasSize(3).doesNotHaveDuplicates();
    }

    @Test
    void whatIsWaitedForOthersCountsAsWaitingForData() {
        progress.begin("train");
        LongConsumer wait = progress.waiting(_ -> nanoTime.addAndGet(3 * SECOND));
        wait.accept(0);
        nanoTime.addAndGet(SECOND);
        progress.stepped(1, 1, 1, 2, 0.5, 100);

        assertThat(told.getLast().dataWait()).isEqualTo(0.75);
    }

    @Test
    void waitingReplicasLookAtMostOnceASecondInTheEnd() {
        StoreWait wait = new StoreWait(Duration.ofMillis(25), () -> {});
        assertThat(wait.nanos(0)).isEqualTo(25_000_000);
        assertThat(wait.nanos(4 * SECOND)).isEqualTo(SECOND / 2);
        assertThat(wait.nanos(3600 * SECOND)).isEqualTo(SECOND);
        long looks = 0;
        for (long waited = 0; waited < 600 * SECOND; waited += wait.nanos(waited)) {
            looks++;
        }
        assertThat(looks).as("looks in ten minutes").isLessThan(650);
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
