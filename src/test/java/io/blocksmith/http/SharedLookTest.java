package io.blocksmith.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SharedLookTest {
    private final AtomicLong time = new AtomicLong();
    private final AtomicInteger looks = new AtomicInteger();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    /** What is done while a look is under way. */
    private Runnable meanwhile = () -> {};

    private final SharedLook<Integer> look =
            new SharedLook<>(this::looked, Duration.ofNanos(10), time::get, tasks::add);

    private int looked() {
        int number = looks.incrementAndGet();
        meanwhile.run();
        return number;
    }

    private void work() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    private static int seen(CompletionStage<Integer> stage) {
        return stage.toCompletableFuture().join();
    }

    @Test
    void allWhoAskBeforeALookBeginsShareIt() {
        CompletionStage<Integer> first = look.afresh();
        CompletionStage<Integer> second = look.afresh();
        CompletionStage<Integer> third = look.lately();
        work();

        assertThat(seen(first)).isEqualTo(1);
        assertThat(seen(second)).isEqualTo(1);
        assertThat(seen(third)).isEqualTo(1);
    }

    @Test
    void whoeverAsksAfreshDuringALookGetsOneThatBeganLaterAndSharesThatToo() {
        Deque<CompletionStage<Integer>> asked = new ArrayDeque<>();
        meanwhile = () -> {
            meanwhile = () -> {};
            asked.add(look.afresh());
            asked.add(look.afresh());
            asked.add(look.afresh());
        };
        CompletionStage<Integer> first = look.afresh();
        work();

        assertThat(seen(first)).isEqualTo(1);
        assertThat(asked).hasSize(3).allSatisfy(later -> assertThat(seen(later)).isEqualTo(2));
        assertThat(looks.get()).isEqualTo(2);
    }

    @Test
    void whatWasSeenTellsForHowLongItIsGoodEnough() {
        look.lately();
        work();
        time.set(15);

        assertThat(seen(look.lately(seen -> Duration.ofNanos(20)))).isEqualTo(1);
        CompletionStage<Integer> anew = look.lately();
        work();
        assertThat(seen(anew)).isEqualTo(2);
    }

    @Test
    void aLookThatFailedIsGoodEnoughForNoLonger() {
        meanwhile = () -> {
            throw new IllegalStateException("away");
        };
        look.lately();
        work();
        meanwhile = () -> {};
        time.set(15);

        CompletionStage<Integer> anew = look.lately(seen -> Duration.ofHours(1));
        work();
        assertThat(seen(anew)).isEqualTo(2);
    }
}
