package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.spec.Calibration.Activations;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stream of 6 samples of 8 bytes, 2 in a shard; the bytes count up. */
class ActivationReaderTest {
    private static final ActivationLayout LAYOUT = new ActivationLayout(Activations.FLOAT32, 6, 1, 2, 16);

    @TempDir
    private Path folder;

    @BeforeEach
    void writeStream() {
        ByteBuffer numbers = ByteBuffer.allocate(48);
        for (int i = 0; i < 48; i++) {
            numbers.put((byte) i);
        }
        try (ActivationWriter writer = new ActivationWriter(folder, LAYOUT)) {
            writer.append(numbers.flip(), 6);
            writer.finish();
        }
    }

    @Test
    void batchStaysValidUntilTheNextCall() {
        try (ActivationReader reader = new ActivationReader(folder, LAYOUT, 1, 0, 6)) {
            for (int sample = 0; sample < 6; sample++) {
                ByteBuffer numbers = reader.next().numbers();
                // By then the batch after it is in memory, too.
                Waiting.until(reader::isAhead);
                assertThat(numbers.get(0)).isEqualTo((byte) (8 * sample));
            }
        }
    }

    @Test
    void twoBuffersAreUsedInTurn() {
        Set<Long> addresses = new HashSet<>();
        try (ActivationReader reader = new ActivationReader(folder, LAYOUT, 1, 0, 6)) {
            while (reader.hasNext()) {
                addresses.add(MemorySegment.ofBuffer(reader.next().numbers()).address());
            }
        }

        assertThat(addresses).hasSize(2);
    }

    @Test
    void endOfTheRangeIsToldAndHeld() {
        try (ActivationReader reader = new ActivationReader(folder, LAYOUT, 4, 1, 3)) {
            assertThat(reader.next().samples()).isEqualTo(2);
            assertThat(reader.hasNext()).isFalse();
            assertThatThrownBy(reader::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void rangeOutsideTheStreamIsRefused() {
        assertThatThrownBy(() -> open(LAYOUT, 2, 0, 7)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void closingMidwayEndsTheThread() {
        try (ActivationReader reader = new ActivationReader(folder, LAYOUT, 1, 0, 6)) {
            assertThat(reader.next().first()).isZero();
        }

        Waiting.untilThreadEnds("activation-reader " + folder);
    }

    @Test
    void missingShardIsNamed() throws IOException {
        Files.delete(folder.resolve("shard-001.act"));

        assertBroken(LAYOUT, "shard-001.act: no such file; expected 3 shards");
    }

    @Test
    void tornShardIsNamedWithItsLength() throws IOException {
        truncate("shard-002.act", 70);

        assertBroken(LAYOUT, "shard-002.act: expected 80 bytes, found 70");
    }

    @Test
    void shardTornWithinItsHeaderIsNamedWithItsLength() throws IOException {
        truncate("shard-000.act", 10);

        assertBroken(LAYOUT, "shard-000.act: expected 80 bytes, found 10");
    }

    @Test
    void shardThatIsTooLongIsNamedWithItsLength() throws IOException {
        Files.write(folder.resolve("shard-002.act"), new byte[1], StandardOpenOption.APPEND);

        assertBroken(LAYOUT, "shard-002.act: expected 80 bytes, found 81");
    }

    @Test
    void shardTornWhileOthersAreReadFailsItsBatch() throws IOException {
        try (ActivationReader reader = open(LAYOUT, 1, 0, 6)) {
            assertThat(reader.next().first()).isZero();
            truncate("shard-002.act", 64);

            assertThatThrownBy(() -> {
                        while (reader.hasNext()) {
                            reader.next();
                        }
                    })
                    .isInstanceOf(BlocksmithException.class)
                    .hasMessageContaining("shard-002.act: expected 80 bytes, found 64");
            assertThatThrownBy(reader::next).isInstanceOf(BlocksmithException.class);
        }
    }

    @Test
    void fileOfAnotherFormatIsNamed() throws IOException {
        Files.write(folder.resolve("shard-000.act"), new byte[80]);

        assertBroken(LAYOUT, "shard-000.act: expected FLOAT32 [2, 1, 2], samples from 0 of 6, found no known header");
    }

    @Test
    void otherNumberFormatIsRefused() {
        assertBroken(new ActivationLayout(Activations.FLOAT16, 6, 1, 4, 16), "expected FLOAT16");
    }

    @Test
    void otherShapeOfTheSameLengthIsRefused() {
        assertBroken(
                new ActivationLayout(Activations.FLOAT32, 6, 2, 1, 16),
                "expected FLOAT32 [2, 2, 1], samples from 0 of 6, found FLOAT32 [2, 1, 2], samples from 0 of 6");
    }

    @Test
    void shardsInTheWrongPlaceAreRefused() throws IOException {
        Files.move(folder.resolve("shard-001.act"), folder.resolve("x"));
        Files.move(folder.resolve("shard-002.act"), folder.resolve("shard-001.act"));
        Files.move(folder.resolve("x"), folder.resolve("shard-002.act"));

        assertBroken(LAYOUT, "samples from 2 of 6, found FLOAT32 [2, 1, 2], samples from 4 of 6");
    }

    @Test
    void batchThatNoBufferHoldsIsRefused() {
        ActivationLayout large = new ActivationLayout(Activations.FLOAT32, 100, 4096, 8192);

        assertThatThrownBy(() -> open(large, 16, 0, 100))
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.USER))
                .hasMessageContaining("a batch of 16 samples [4096, 8192] takes 2147483648 bytes");
    }

    private ActivationReader open(ActivationLayout layout, int batch, int from, int to) {
        return new ActivationReader(folder, layout, batch, from, to);
    }

    private void assertBroken(ActivationLayout layout, String message) {
        assertThatThrownBy(() -> {
                    try (ActivationReader reader = open(layout, 2, 0, 6)) {
                        while (reader.hasNext()) {
                            reader.next();
                        }
                    }
                })
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.ENVIRONMENT))
                .hasMessageContaining(message);
        Waiting.untilThreadEnds("activation-reader " + folder);
    }

    private void truncate(String shard, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(folder.resolve(shard), StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }
}
