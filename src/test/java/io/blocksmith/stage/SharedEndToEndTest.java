package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.DeviceThread;
import io.blocksmith.tensor.TestCompute;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** E2E-QP of one run, tried again and again with other replicas: 6 steps of 4 shards. */
class SharedEndToEndTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** Of replicas with each other, where nobody vanishes: a busy machine must not look like a lost helper. */
    private static final Duration OF_REPLICAS = Duration.ofMinutes(1);

    private static final AtomicInteger WORKERS = new AtomicInteger();

    @TempDir
    static Path folder;

    private static StagedRun run;
    private static String alone;

    private Ticket ticket;

    @BeforeAll
    static void trainBlocks() {
        run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(1, 4));
        run.complete(new Capture(0, 0));
        run.complete(new TrainBlock(0));
        run.complete(new TrainBlock(1));
        Ticket first = run.start(new EndToEnd());
        alone = scales(run.pipeline().run(new Assignment(first, Adjustment.NONE), StagedRun.QUIET));
        assertThat(objects("exchange"))
                .as("nobody helped, so nothing is shared")
                .isEmpty();
        end(first);
    }

    @BeforeEach
    void start() {
        ticket = run.start(new EndToEnd());
    }

    @AfterEach
    void forget() {
        end(ticket);
        objects("").forEach(run.context().store()::delete);
    }

    @Test
    void aLeaderAndOneHelperLeaveTheBytesOfOneWorker() throws Exception {
        CompletableFuture<Void> helper = assist(ticket, "b", new Course());

        String scales = scales(lead(ticket, awaitHelpersBefore(1, 1)).get());

        assertThat(scales).isEqualTo(alone);
        assertThat(workers()).containsExactlyInAnyOrder(Replicas.LEADER, "b");
        helper.get();
    }

    @Test
    void aLeaderAndTwoHelpersLeaveTheBytesOfOneWorker() throws Exception {
        CompletableFuture<Void> one = assist(ticket, "b", new Course());
        CompletableFuture<Void> other = assist(ticket, "c", new Course());

        String scales = scales(lead(ticket, awaitHelpersBefore(1, 2)).get());

        assertThat(scales).isEqualTo(alone);
        assertThat(workers()).containsExactlyInAnyOrder(Replicas.LEADER, "b", "c");
        one.get();
        other.get();
    }

    @Test
    void aHelperThatJoinsMidwayChangesNoByte() throws Exception {
        Course leader = awaitHelpersBefore(4, 1);
        CompletableFuture<StageResult> result = lead(ticket, leader);
        await(() -> leader.reached(3));
        CompletableFuture<Void> helper = assist(ticket, "late", new Course());

        assertThat(scales(result.get())).isEqualTo(alone);
        assertThat(workers()).contains("late");
        assertThat(objects("step-0000000000/")).as("steps before the helper").isEmpty();
        helper.get();
    }

    @Test
    void aHelperThatVanishesCostsOnlyTheWait() throws Exception {
        CompletableFuture<Void> helper = assist(ticket, "doomed", new Course().dyingAt(2));

        String scales = scales(lead(ticket, awaitHelpersBefore(1, 1), Duration.ofMinutes(5), Duration.ofSeconds(2))
                .get());

        assertThat(scales).isEqualTo(alone);
        assertThatThrownBy(helper::get).hasMessageContaining("killed");
    }

    @Test
    void aNewAttemptAfterTheLeaderDiedEndsInTheSameBytesWithTheHelperStillThere() throws Exception {
        CompletableFuture<Void> helper = assist(ticket, "b", new Course());
        CompletableFuture<StageResult> killed =
                lead(ticket, awaitHelpersBefore(1, 1).dyingAt(4));
        assertThatThrownBy(killed::get).hasMessageContaining("killed");
        end(ticket);
        assertThatThrownBy(helper::get).hasCauseInstanceOf(CancellationException.class);

        ticket = run.start(new EndToEnd());
        CompletableFuture<Void> again = assist(ticket, "b", new Course());
        String scales = scales(lead(ticket, awaitHelpersBefore(1, 1)).get());

        assertThat(scales).isEqualTo(alone);
        // A leader that is done before it has noticed its helper shares nothing; the ledger ends the helper then.
        end(ticket);
        again.exceptionally(_ -> null).get();
    }

    @Test
    void anAttemptThatGoesOnFromACheckpointOfAnyStepEndsInTheSameBytes() throws Exception {
        for (int step = 1; step <= 6; step++) {
            Course course = new Course().dyingAt(step);
            assertThatThrownBy(() -> lead(ticket, course, Duration.ofNanos(1)).get())
                    .hasMessageContaining("killed");
            end(ticket);
            ticket = run.start(new EndToEnd());
        }

        Course last = new Course();
        assertThat(scales(lead(ticket, last).get())).isEqualTo(alone);
        assertThat(last.firstStep).as("it went on").isGreaterThan(2);
    }

    @Test
    void aCancelledAttemptSavesWhatItReached() throws Exception {
        Course course = new Course().cancelledAt(3);
        assertThatThrownBy(() -> lead(ticket, course).get()).hasCauseInstanceOf(CancellationException.class);
        end(ticket);

        ticket = run.start(new EndToEnd());
        Course next = new Course();
        assertThat(scales(lead(ticket, next).get())).isEqualTo(alone);
        assertThat(next.firstStep).isEqualTo(4);
    }

    @Test
    void aHelperOfAnAttemptThatHasEndedStops() {
        CompletableFuture<Void> helper = assist(ticket, "b", new Course());
        await(() -> !objects("helpers").isEmpty());
        end(ticket);

        assertThatThrownBy(() -> helper.get(2, TimeUnit.MINUTES)).hasCauseInstanceOf(CancellationException.class);
        ticket = run.start(new EndToEnd());
    }

    /** What a replica is made to do at its steps. */
    private static final class Course implements Monitor {
        private volatile long step;
        private volatile long firstStep;
        private volatile boolean cancelled;
        private LongConsumer at = _ -> {};

        @Override
        public void progressed(Progress progress) {
            boolean trains =
                    progress.phase().equals("train") || progress.phase().equals("assist");
            if (trains) {
                if (firstStep == 0) {
                    firstStep = progress.step();
                }
                step = progress.step();
                at.accept(step);
            }
        }

        boolean reached(long wanted) {
            return step >= wanted;
        }

        Course at(LongConsumer action) {
            LongConsumer before = at;
            at = now -> {
                before.accept(now);
                action.accept(now);
            };
            return this;
        }

        Course dyingAt(long last) {
            return at(now -> {
                if (now >= last) {
                    throw new IllegalStateException("killed");
                }
            });
        }

        Course cancelledAt(long last) {
            return at(now -> cancelled |= now >= last);
        }

        @Override
        public boolean cancelled() {
            return cancelled;
        }
    }

    /** Holds the leader before {@code step} until {@code helpers} have announced themselves. */
    private static Course awaitHelpersBefore(long step, int helpers) {
        return new Course().at(done -> {
            if (done == step - 1) {
                await(() -> objects("helpers").size() >= helpers);
            }
        });
    }

    private static CompletableFuture<StageResult> lead(Ticket ticket, Course course) {
        return lead(ticket, course, Duration.ofMinutes(5));
    }

    private static CompletableFuture<StageResult> lead(Ticket ticket, Course course, Duration interval) {
        return lead(ticket, course, interval, OF_REPLICAS);
    }

    private static CompletableFuture<StageResult> lead(
            Ticket ticket, Course course, Duration interval, Duration patience) {
        return onWorker(interval, patience, pipeline -> pipeline.run(new Assignment(ticket, Adjustment.NONE), course));
    }

    private static CompletableFuture<Void> assist(Ticket ticket, String worker, Course course) {
        return onWorker(Duration.ofMinutes(5), OF_REPLICAS, pipeline -> {
            pipeline.assist(new Assignment(ticket, Adjustment.NONE), worker, course);
            return null;
        });
    }

    private interface Work<R> {
        R on(Pipeline pipeline);
    }

    /** A worker of its own: its thread, its view of the store, nothing else. */
    private static <R> CompletableFuture<R> onWorker(Duration interval, Duration patience, Work<R> work) {
        ExchangePace pace = new ExchangePace(Duration.ofMillis(2), Duration.ofMillis(5), 3, patience, OF_REPLICAS);
        CompletableFuture<R> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try (DeviceThread thread = new DeviceThread(TestCompute.cpu());
                    ObjectStore store = DirectoryStore.openForWriting(
                            folder.resolve("run"), "worker-" + WORKERS.incrementAndGet())) {
                RunContext context = RunContext.open(store, TestCompute.cpu(), interval);
                Pipeline pipeline = new Pipeline(context, StageMeter.NONE, System::nanoTime, () -> Instant.EPOCH, pace);
                result.complete(CompletableFuture.supplyAsync(() -> work.on(pipeline), thread)
                        .get());
            } catch (ExecutionException e) {
                result.completeExceptionally(e.getCause());
            } catch (InterruptedException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static String scales(StageResult result) {
        return result.objects().stream()
                .filter(object -> object.name().endsWith(EndToEndStage.FILE))
                .map(ObjectRef::sha256)
                .findFirst()
                .orElseThrow();
    }

    private static Set<String> workers() {
        return ExchangedShards.workers(run.context().store(), 0);
    }

    private static Set<String> objects(String part) {
        return new TreeSet<>(run.context().store().list("end-to-end/").stream()
                .filter(name -> name.contains(part))
                .toList());
    }

    private static void end(Ticket ticket) {
        if (run.ledger().read().isRunning(ticket)) {
            run.ledger().append(new StageCancelled(Instant.EPOCH, ticket, Evidence.NONE));
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited in vain");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
