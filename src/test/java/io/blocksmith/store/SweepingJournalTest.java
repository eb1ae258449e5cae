package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.result;
import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Plans;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames.Stream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The deletion of what is superseded, over a store whose deletions take as long as the test says. */
@Timeout(60)
class SweepingJournalTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BLOCKS = 3;

    @TempDir
    Path root;

    private final CountDownLatch released = new CountDownLatch(1);
    private final AtomicInteger held = new AtomicInteger();
    private RunState state = RunState.empty();

    @AfterEach
    void release() {
        released.countDown();
    }

    private SweepingJournal journal(ObjectStore store) {
        return new SweepingJournal(new Ledger(store), new Retention(store, Plans.of(BLOCKS, 1, 0)));
    }

    /** Holds every call of {@code what} until it is released. */
    private ObjectStore held(ObjectStore store, String what) {
        ClassLoader loader = ObjectStore.class.getClassLoader();
        return (ObjectStore) Proxy.newProxyInstance(loader, new Class<?>[] {ObjectStore.class}, (_, method, given) -> {
            if (method.getName().equals(what)) {
                held.incrementAndGet();
                released.await();
            }
            try {
                return method.invoke(store, given);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private void append(SweepingJournal journal, Event event) {
        assertThat(journal.append(event)).isEqualTo(new Appended.Durable());
        state = state.after(event);
    }

    private void begin(SweepingJournal journal) {
        append(journal, new RunSubmitted(NOON, "tiny", "d1", BLOCKS));
        append(journal, new SupervisorStarted(NOON, 1, "host:1"));
    }

    private void commit(SweepingJournal journal, ObjectStore store, Stage stage, int before) {
        Ticket ticket = state.nextTicket(stage);
        append(journal, new StageStarted(NOON, ticket, "worker-1", "cpu", Adjustment.NONE));
        put(store, ticket, before);
        append(journal, new StageCommitted(NOON, ticket, result(ticket)));
    }

    private static String put(ObjectStore store, Ticket ticket, int before) {
        String name = RunNames.boundary(ticket, before, Stream.FULL) + "shard-000.act";
        store.put(name, store.temporary(name));
        return name;
    }

    private void awaitHeld() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (held.get() == 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(5_000_000);
        }
        assertThat(held).hasPositiveValue();
    }

    private static void awaitOnly(ObjectStore store, String name) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!store.list(RunNames.BOUNDARIES).equals(List.of(name)) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(5_000_000);
        }
        assertThat(store.list(RunNames.BOUNDARIES)).containsExactly(name);
    }

    @Test
    void aDurableCommitIsFollowedByTheSweep() {
        ObjectStore store = DirectoryStore.openForWriting(root, "test");
        SweepingJournal journal = journal(store);
        begin(journal);
        commit(journal, store, new Capture(0, 0), 0);
        commit(journal, store, new TrainBlock(0), 1);
        awaitOnly(store, "boundaries/001/block-000-attempt-1/full/shard-000.act");
    }

    @Test
    void theRunGoesOnWhileSupersededStatesAreDeletedAndIsCompleteAfterwards() throws Exception {
        ObjectStore store = DirectoryStore.openForWriting(root, "test");
        SweepingJournal journal = journal(held(store, "delete"));
        begin(journal);
        commit(journal, store, new Capture(0, 0), 0);
        commit(journal, store, new TrainBlock(0), 1);
        commit(journal, store, new TrainBlock(1), 2);
        awaitHeld();
        assertThat(store.list(RunNames.BOUNDARIES)).hasSize(3);

        CompletableFuture<Appended> completed =
                CompletableFuture.supplyAsync(() -> journal.append(new RunCompleted(NOON)));
        assertThat(store.exists("ledger/00000009.json")).isFalse();
        released.countDown();
        assertThat(completed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Appended.Durable());
        assertThat(store.list(RunNames.BOUNDARIES))
                .containsExactly("boundaries/002/block-001-attempt-1/full/shard-000.act");
    }

    @Test
    void whoWasOvertakenUnawaresDeletesNothing() {
        ObjectStore store = DirectoryStore.openForWriting(root, "test");
        SweepingJournal overtaken = journal(held(store, "list"));
        begin(overtaken);
        awaitHeld();
        Ledger successor = new Ledger(store);
        successor.read();
        successor.append(new SupervisorStarted(NOON, 2, "host:2"));
        Ticket ticket = new Ticket("tiny", new Capture(0, 0), 1, 2);
        successor.append(new StageStarted(NOON, ticket, "worker-1", "cpu", Adjustment.NONE));
        String name = put(store, ticket, 0);

        released.countDown();
        assertThat(overtaken.append(new SupervisorStarted(NOON, 2, "host:1")))
                .isEqualTo(new Appended.Fenced("host:2", 2));
        overtaken.awaitSweep();
        assertThat(store.list(RunNames.BOUNDARIES)).containsExactly(name);
    }
}
