package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.cluster.RunStatus;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.metrics.Metric;
import io.blocksmith.metrics.RunMetrics;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Plans;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.prometheus.client.CollectorRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run's listener hands to the metrics, in the order in which a supervisor tells it. */
class MeasuredRunTest {
    private static final int BLOCKS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private final CollectorRegistry registry = new CollectorRegistry();
    private final RunMetrics metrics = new RunMetrics(registry, InstantSource.fixed(Histories.NOON), System::nanoTime);

    /** One run's ledger, its listener, and whether its store answers. */
    private final class Told {
        private final Ledger ledger;
        private final MeasuredRun listener;
        private RunState state = RunState.empty();
        private boolean readable = true;
        private final CountDownLatch measurable = new CountDownLatch(1);

        Told(String run) {
            DirectoryStore store = DirectoryStore.openForWriting(folder.resolve(run), "test");
            ledger = new Ledger(store);
            listener = new MeasuredRun(metrics, readable(store), Plans.recipe(2, 1, 0), System::nanoTime);
        }

        private ObjectStore readable(ObjectStore store) {
            ClassLoader loader = ObjectStore.class.getClassLoader();
            return (ObjectStore) Proxy.newProxyInstance(
                    loader, new Class<?>[] {ObjectStore.class}, (_, method, given) -> {
                        if (!readable) {
                            throw BlocksmithException.transientFault(null, "the store does not answer");
                        }
                        if (method.getName().equals("bytes")) {
                            measurable.await();
                        }
                        try {
                            return method.invoke(store, given);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }

        void tell(Event event) {
            ledger.append(event);
            state = state.after(event);
            listener.recorded(event, state);
        }

        void begin(String run) {
            tell(new RunSubmitted(Histories.NOON, run, "d1", BLOCKS));
            tell(new SupervisorStarted(Histories.NOON, 1, "host:1"));
        }

        void looked() {
            listener.looked(new RunStatus(
                    state,
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Set.of(),
                    false,
                    state.phase() == RunState.Phase.COMPLETED ? 1 : 0,
                    OptionalDouble.empty(),
                    Optional.empty()));
        }

        void complete() {
            tell(new RunCompleted(Histories.NOON));
            looked();
            listener.ended(new RunOutcome.Completed(state));
        }
    }

    private Double value(Metric metric, String... values) {
        return registry.getSampleValue(metric.key(), metric.labels().toArray(String[]::new), values);
    }

    private Double info(String run) {
        return value(Metric.RUN_INFO, run, "2", "64", "1", "host:1");
    }

    @Test
    void aLookDoesNotWaitForTheSizeOfTheStore() {
        Told told = new Told("first");
        told.begin("first");
        told.looked();
        told.looked();
        assertThat(value(Metric.RUN_STATE, "first", "running")).isEqualTo(1);
        assertThat(value(Metric.STORE_BYTES, "first")).isNull();

        told.measurable.countDown();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (value(Metric.STORE_BYTES, "first") == null && System.nanoTime() < deadline) {
            told.looked();
            LockSupport.parkNanos(5_000_000);
        }
        assertThat(value(Metric.STORE_BYTES, "first")).isPositive();
        assertThat(value(Metric.STORE_FREE_BYTES, "first")).isPositive();
    }

    @Test
    void aLedgerThatCannotBeReadAtFirstIsTakenAtALaterLookAndCountedOnce() {
        Told told = new Told("first");
        told.readable = false;
        told.begin("first");
        told.tell(Histories.start(told.state, new TrainBlock(0)));
        told.looked();
        assertThat(info("first")).isNull();
        assertThat(value(Metric.RUN_STATE, "first", "running")).isNull();

        told.readable = true;
        told.looked();
        assertThat(info("first")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "first", "running")).isEqualTo(1);
        assertThat(value(Metric.ATTEMPTS_TOTAL, "first", "train-block")).isEqualTo(1);

        told.tell(Histories.start(told.state, new TrainBlock(1)));
        assertThat(value(Metric.ATTEMPTS_TOTAL, "first", "train-block")).isEqualTo(2);
    }

    @Test
    void anEventAfterTheReadThatFailedIsCountedOnce() {
        Told told = new Told("first");
        told.readable = false;
        told.begin("first");
        told.readable = true;
        told.tell(Histories.start(told.state, new TrainBlock(0)));
        assertThat(info("first")).isEqualTo(1);
        assertThat(value(Metric.ATTEMPTS_TOTAL, "first", "train-block")).isEqualTo(1);
    }

    @Test
    void aRunThatCouldNotBeTakenLeavesTheEndOfTheOneBefore() {
        Told first = new Told("first");
        first.begin("first");
        first.complete();
        assertThat(value(Metric.RUN_PROGRESS_RATIO, "first")).isEqualTo(1);

        Told second = new Told("second");
        second.listener.ended(new RunOutcome.Broken(new IllegalStateException("no journal")));
        assertThat(value(Metric.RUN_STATE, "first", "completed")).isEqualTo(1);
        assertThat(value(Metric.RUN_PROGRESS_RATIO, "first")).isEqualTo(1);
        assertThat(info("first")).isEqualTo(1);
    }

    @Test
    void aRunThatWasTakenAndLostLeavesTheEndOfTheOneBefore() {
        Told first = new Told("first");
        first.begin("first");
        first.complete();

        Told second = new Told("second");
        second.begin("second");
        second.listener.ended(new RunOutcome.Fenced("host:2", 2));
        assertThat(value(Metric.RUN_STATE, "first", "completed")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "second", "running")).isNull();
        assertThat(info("second")).isNull();
        assertThat(value(Metric.FENCED_TOTAL, "second")).isEqualTo(1);
    }
}
