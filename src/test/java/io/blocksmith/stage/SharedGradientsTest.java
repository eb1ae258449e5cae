package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.tensor.TestCompute;
import io.blocksmith.train.GradientExchange.Shards;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three shards; shard i of step s is the numbers s and i, and its loss is 10 s + i. */
class SharedGradientsTest {
    private static final ExchangePace PACE =
            new ExchangePace(Duration.ofMillis(1), Duration.ZERO, 3, Duration.ofSeconds(5), Duration.ofSeconds(5));

    @TempDir
    Path folder;

    private DirectoryStore store;
    private NDManager manager;
    private final List<Integer> computed = new ArrayList<>();
    private final List<float[]> added = new ArrayList<>();
    private long nanos;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(folder, "test");
        manager = TestCompute.cpu().manager().newSubManager();
    }

    @AfterEach
    void close() {
        manager.close();
        store.close();
    }

    @Test
    void aSharedStepIsPutOnceAndReadInOrder() {
        SharedGradients leader = gradients(Replicas.LEADER, 1, Adjustment.NONE);
        leader.share();

        assertThat(leader.gather(7, shards(7))).isEqualTo(70 + 71 + 72);

        assertThat(computed).containsExactly(0, 1, 2);
        assertThat(added).containsExactly(new float[] {7, 0}, new float[] {7, 1}, new float[] {7, 2});
    }

    @Test
    void whoComesLaterReadsTheStepAndComputesNothing() {
        share(1, Adjustment.NONE, 7);

        SharedGradients follower = gradients("b", 1, Adjustment.NONE);
        follower.share();

        assertThat(follower.gather(7, shards(7))).isEqualTo(213);
        assertThat(computed).isEmpty();
        assertThat(added).hasSize(3);
    }

    @Test
    void theNextAttemptReadsWhatTheOneBeforeLeft() {
        share(1, Adjustment.NONE, 7);

        SharedGradients next = gradients(Replicas.LEADER, 2, Adjustment.NONE);

        assertThat(next.gather(7, shards(7))).isEqualTo(213);
        assertThat(computed).isEmpty();
        assertThat(next.gather(8, shards(8))).isEqualTo(243);
        assertThat(computed).containsExactly(0, 1, 2);
    }

    @Test
    void gradientsOfATrainingAtAnotherRateAreNotUsed() {
        share(1, Adjustment.NONE, 7);

        SharedGradients next = gradients(Replicas.LEADER, 2, new Adjustment(0.5, 1));

        assertThat(next.gather(7, shards(7))).isEqualTo(213);
        assertThat(computed).containsExactly(0, 1, 2);
    }

    @Test
    void tornAndRottenShardsAreComputedAgain() throws IOException {
        share(1, Adjustment.NONE, 7);
        Path torn = file(7, 0);
        try (FileChannel channel = FileChannel.open(torn, StandardOpenOption.WRITE)) {
            channel.truncate(Files.size(torn) - 1);
        }
        byte[] rotten = Files.readAllBytes(file(7, 2));
        rotten[rotten.length - 2] ^= 4;
        Files.write(file(7, 2), rotten);

        SharedGradients follower = gradients("b", 1, Adjustment.NONE);
        follower.share();

        assertThat(follower.gather(7, shards(7))).isEqualTo(213);
        assertThat(computed).containsExactly(0, 2);
        assertThat(added).containsExactly(new float[] {7, 0}, new float[] {7, 1}, new float[] {7, 2});
    }

    @Test
    void shardsOfAReplicaThatDoesNotComeAreTakenOverAfterAWhileAndTheReplicaIsNotCountedOnAgain() {
        SharedGradients leader = gradients(Replicas.LEADER, 1, Adjustment.NONE);
        new ExchangeObjects(store, ticket(1)).announce("gone");
        assertThat(leader.someoneIsNew()).isTrue();
        leader.share();

        assertThat(leader.gather(7, shards(7))).isEqualTo(213);
        assertThat(nanos).isGreaterThanOrEqualTo(Duration.ofSeconds(5).toNanos());
        long waited = nanos;
        assertThat(leader.gather(8, shards(8))).isEqualTo(243);

        assertThat(computed).containsExactly(0, 2, 1, 0, 1, 2);
        assertThat(nanos).isEqualTo(waited);
    }

    @Test
    void stepsThatNobodyStartsBeforeAreDeletedOfEveryAttempt() {
        share(1, Adjustment.NONE, 7);
        share(2, Adjustment.NONE, 8);

        new ExchangeObjects(store, ticket(2)).deleteBefore(8);

        assertThat(new ExchangeObjects(store, ticket(1)).steps()).isEmpty();
        assertThat(new ExchangeObjects(store, ticket(2)).steps()).containsExactly(8L);
    }

    private void share(int attempt, Adjustment adjustment, long step) {
        SharedGradients leader = gradients(Replicas.LEADER, attempt, adjustment);
        leader.share();
        leader.gather(step, shards(step));
        computed.clear();
        added.clear();
    }

    private Path file(long step, int shard) {
        return store.path("%sstep-%010d/shard-%03d.grad".formatted(RunNames.exchange(ticket(1)), step, shard));
    }

    private static Ticket ticket(int attempt) {
        return new Ticket("run", new EndToEnd(), attempt, 1);
    }

    private SharedGradients gradients(String self, int attempt, Adjustment adjustment) {
        Ticket ticket = ticket(attempt);
        return new SharedGradients(
                new ExchangeObjects(store, ticket),
                new Assignment(ticket, adjustment),
                self,
                "cpu",
                PACE,
                () -> nanos,
                _ -> nanos += PACE.poll().toNanos(),
                _ -> {});
    }

    private Shards shards(long step) {
        NDArray part = manager.zeros(new Shape(2));
        return new Shards() {
            @Override
            public int count() {
                return 3;
            }

            @Override
            public double compute(int shard) {
                computed.add(shard);
                part.set(new float[] {step, shard});
                return 10.0 * step + shard;
            }

            @Override
            public List<NDArray> part() {
                return List.of(part);
            }

            @Override
            public void add() {
                added.add(part.toFloatArray());
            }
        };
    }
}
