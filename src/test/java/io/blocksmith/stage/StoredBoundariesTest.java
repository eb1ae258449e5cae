package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Calibration.Activations;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sealing a boundary of twenty shards. */
class StoredBoundariesTest {
    private static final int SHARDS = 20;
    private static final Ticket TICKET = new Ticket("tiny", new TrainBlock(0), 1, 1);
    private static final String PREFIX = RunNames.boundary(TICKET, 1, RunNames.Stream.FULL);

    @TempDir
    Path folder;

    private final List<Progress> told = new ArrayList<>();
    private int cancelAfter = Integer.MAX_VALUE;
    private StagedRun run;
    private FolderBoundary boundary;
    private AttemptProgress progress;

    @BeforeEach
    void write() throws IOException {
        run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(2, 5));
        Path directory = Files.createDirectories(run.context().scratch(TICKET).resolve("leaving"));
        for (int shard = 0; shard < SHARDS; shard++) {
            Files.writeString(directory.resolve(ActivationLayout.shardName(shard)), "shard " + shard);
        }
        boundary = new FolderBoundary(directory, new ActivationLayout(Activations.FLOAT32, SHARDS, 4, 4, 1));
        progress = new AttemptProgress(
                TICKET,
                new Monitor() {
                    @Override
                    public void progressed(Progress progress) {
                        told.add(progress);
                    }

                    @Override
                    public boolean cancelled() {
                        return told.size() >= cancelAfter;
                    }
                },
                System::nanoTime);
    }

    private List<ObjectRef> seal() {
        return new StoredBoundaries(run.context()).seal(boundary, TICKET, 1, RunNames.Stream.FULL, progress);
    }

    @Test
    void everyShardIsAnObjectInItsOrderAndTold() {
        List<ObjectRef> objects = seal();

        assertThat(objects)
                .extracting(ObjectRef::name)
                .containsExactlyElementsOf(IntStream.range(0, SHARDS)
                        .mapToObj(shard -> PREFIX + ActivationLayout.shardName(shard))
                        .toList());
        for (int shard = 0; shard < SHARDS; shard++) {
            assertThat(run.context().store().examine(objects.get(shard).name())).contains(objects.get(shard));
            assertThat(run.context().store().path(objects.get(shard).name())).hasContent("shard " + shard);
        }
        assertThat(told)
                .extracting(Progress::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, SHARDS).boxed().toList());
        assertThat(told).extracting(Progress::steps).containsOnly((long) SHARDS);
    }

    @Test
    void aCancelledAttemptSealsNoMoreThanWhatIsOnItsWay() {
        cancelAfter = 3;
        assertThatThrownBy(this::seal).isInstanceOf(CancellationException.class);
        assertThat(told).hasSize(3);
        assertThat(run.context().store().list(PREFIX)).hasSizeBetween(4, 8);
    }

    @Test
    void aShardThatCannotBePutFailsAsTheStoreSays() throws IOException {
        Files.delete(boundary.directory().resolve(ActivationLayout.shardName(7)));
        assertThatThrownBy(this::seal)
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining(ActivationLayout.shardName(7));
    }
}
