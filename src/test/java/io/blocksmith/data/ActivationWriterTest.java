package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.spec.Calibration.Activations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stream of 6 samples of 8 bytes, 2 in a shard. */
class ActivationWriterTest {
    private static final ActivationLayout LAYOUT = new ActivationLayout(Activations.FLOAT32, 6, 1, 2, 16);

    @TempDir
    private Path folder;

    @Test
    void finishReturnsTheShardsInOrder() {
        try (ActivationWriter writer = new ActivationWriter(folder.resolve("a/b"), LAYOUT)) {
            writer.append(ByteBuffer.allocate(48), 6);

            assertThat(writer.finish())
                    .containsExactly(
                            folder.resolve("a/b/shard-000.act"),
                            folder.resolve("a/b/shard-001.act"),
                            folder.resolve("a/b/shard-002.act"))
                    .allSatisfy(shard -> assertThat(shard).hasSize(64 + 16));
        }
    }

    @Test
    void appendLeavesPositionAndLimitOfTheBatch() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            ByteBuffer batch = ByteBuffer.allocateDirect(40).position(8).limit(24);
            writer.append(batch, 2);

            assertThat(batch.position()).isEqualTo(8);
            assertThat(batch.limit()).isEqualTo(24);
        }
    }

    @Test
    void batchLargerThanTheFirstIsWrittenInParts() throws IOException {
        byte[] numbers = new byte[40];
        numbers[39] = 7;
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(ByteBuffer.allocate(8), 1);
            writer.append(ByteBuffer.wrap(numbers), 5);
            writer.finish();
        }

        assertThat(Files.readAllBytes(folder.resolve("shard-002.act"))[64 + 15]).isEqualTo((byte) 7);
    }

    @Test
    void errorOfTheWritingThreadIsThrownByALaterCallAndByFinish() throws IOException {
        Path inTheWay = Files.writeString(folder.resolve("shard-001.act"), "someone else's");
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            assertThatThrownBy(() -> {
                        for (int sample = 0; sample < 6; sample++) {
                            writer.append(ByteBuffer.allocate(8), 1);
                        }
                        writer.finish();
                    })
                    .isInstanceOfSatisfying(
                            BlocksmithException.class,
                            e -> assertThat(e.category()).isEqualTo(Category.ENVIRONMENT))
                    .hasMessageContaining("shard-001.act");
            assertThatThrownBy(writer::finish).hasMessageContaining("shard-001.act");
        }
        assertThat(inTheWay).hasContent("someone else's");
        assertThat(folder.resolve("shard-000.act")).doesNotExist();
    }

    @Test
    void closedBeforeItIsFinishedItLeavesNoShard() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(ByteBuffer.allocate(40), 5);
        }

        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void closingTwiceKeepsWhatIsFinished() {
        ActivationWriter writer = new ActivationWriter(folder, LAYOUT);
        writer.append(ByteBuffer.allocate(48), 6);
        writer.finish();
        writer.close();
        writer.close();

        assertThat(folder.resolve("shard-002.act")).exists();
    }

    @Test
    void missingSamplesAreADefect() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(ByteBuffer.allocate(40), 5);

            assertDefect(writer::finish, "6 samples expected, 5 appended");
        }
    }

    @Test
    void samplesBeyondTheLayoutAreADefect() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(ByteBuffer.allocate(40), 5);

            assertDefect(() -> writer.append(ByteBuffer.allocate(16), 2), "cannot append 2 samples after 5 of 6");
        }
    }

    @Test
    void batchOfAnotherSizeIsADefect() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            assertDefect(() -> writer.append(ByteBuffer.allocate(15), 2), "2 samples take 16 bytes, the batch has 15");
        }
    }

    @Test
    void closingEndsTheThread() {
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(ByteBuffer.allocate(8), 1);
        }

        Waiting.untilThreadEnds("activation-writer " + folder);
    }

    private static void assertDefect(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.DEFECT))
                .hasMessageContaining(message);
    }
}
