package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.BoundaryReader;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames;
import io.blocksmith.tensor.TestCompute;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureStageTest {
    /** 24 trained windows and 7 others, so that a batch of both is in the middle of a part. */
    private static final int BATCH = 5;

    private static final CaptureParts ONE_PART = new CaptureParts(31, BATCH, 1);

    @TempDir
    Path folder;

    @Test
    void howManyPartsTheWindowsAreCapturedInChangesNoByteOfWhatEntersASegment() {
        List<Float> one = captured(1);

        assertThat(one).hasSize(31 * 16 * 64);
        assertThat(captured(2)).isEqualTo(one);
        assertThat(captured(3)).isEqualTo(one);
        assertThat(captured(9)).as("more parts than batches").isEqualTo(one);
    }

    @Test
    void aTornShardIsNamedWithItsLengths() throws IOException {
        StagedRun run = captured();
        ObjectRef shard = shard(run);
        try (FileChannel file = FileChannel.open(path(shard), StandardOpenOption.WRITE)) {
            file.truncate(shard.bytes() - 1);
        }

        assertThatThrownBy(() -> read(run, ONE_PART))
                .isInstanceOf(DamagedResultException.class)
                .hasMessageContaining(shard.name())
                .hasMessageContaining("%d bytes expected, %d found", shard.bytes(), shard.bytes() - 1);
    }

    @Test
    void aRottenShardIsNamedWithItsDigest() throws IOException {
        StagedRun run = captured();
        ObjectRef shard = shard(run);
        byte[] content = Files.readAllBytes(path(shard));
        content[content.length / 2] ^= 1;
        Files.write(path(shard), content);

        assertThatThrownBy(() -> read(run, ONE_PART))
                .isInstanceOf(DamagedResultException.class)
                .hasMessageContaining("with SHA-256 %s expected", shard.sha256());
    }

    private StagedRun captured() {
        StagedRun run = StagedRun.in(folder, TinyModel.config(2), StagedRecipes.segments(2, BATCH));
        capture(run, ONE_PART);
        return run;
    }

    private static ObjectRef shard(StagedRun run) {
        return run.ledger()
                .read()
                .result(new Capture(1, 0))
                .orElseThrow()
                .objects()
                .getFirst();
    }

    private Path path(ObjectRef object) {
        return folder.resolve("run").resolve(object.name());
    }

    private List<Float> captured(int count) {
        StagedRun run = StagedRun.in(
                folder.resolve(Integer.toString(count)), TinyModel.config(2), StagedRecipes.segments(2, BATCH));
        CaptureParts parts = new CaptureParts(31, BATCH, count);
        capture(run, parts);
        return read(run, parts);
    }

    private static void capture(StagedRun run, CaptureParts parts) {
        for (int segment = 0; segment < 2; segment++) {
            for (int part = 0; part < parts.parts(); part++) {
                Capture capture = new Capture(segment, part);
                Ticket ticket = run.start(capture);
                AttemptResult result = new CaptureStage(run.context(), parts)
                        .run(ticket, capture, new AttemptProgress(ticket, StagedRun.QUIET, System::nanoTime));
                run.commit(ticket, new StageResult(result.objects(), result.figures()));
            }
        }
    }

    private static List<Float> read(StagedRun run, CaptureParts parts) {
        Range second = run.context().plan().segments().ranges().get(1);
        Chain chain = Chain.segment(run.context(), parts, second.first(), 64);
        Boundary boundary = new StoredBoundaries(run.context())
                .read(run.ledger().read(), chain.full().apply(second.first()), second.first(), RunNames.Stream.FULL);
        List<Float> numbers = new ArrayList<>();
        try (NDManager manager = TestCompute.cpu().manager().newSubManager();
                BoundaryReader reader = boundary.read(4, manager)) {
            while (true) {
                try (NDScope _ = new NDScope()) {
                    Optional<NDArray> x = reader.next();
                    if (x.isEmpty()) {
                        return numbers;
                    }
                    for (float number : x.get().toFloatArray()) {
                        numbers.add(number);
                    }
                }
            }
        }
    }
}
