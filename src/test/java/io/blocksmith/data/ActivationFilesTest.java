package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.spec.Calibration.Activations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the writer wrote is what the reader reads. */
class ActivationFilesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomLayoutsBatchesAndRangesReadBackWhatWasWritten(long seed) throws IOException {
        Random random = new Random(seed);
        for (int round = 0; round < 12; round++) {
            Path directory = folder.resolve("stream-" + round);
            ActivationLayout layout = new ActivationLayout(
                    random.nextBoolean() ? Activations.FLOAT32 : Activations.FLOAT16,
                    1 + random.nextInt(40),
                    1 + random.nextInt(6),
                    1 + random.nextInt(20),
                    1 + random.nextInt(1500));
            byte[] numbers = new byte[layout.batchBytes(layout.samples())];
            random.nextBytes(numbers);

            List<Path> shards = write(directory, layout, numbers, random);

            assertThat(shards).hasSize(layout.shards());
            long bytes = 0;
            for (Path shard : shards) {
                bytes += Files.size(shard);
                assertThat(Files.size(shard) - ShardHeader.BYTES)
                        .isLessThanOrEqualTo(Math.max(layout.shardBytes(), layout.sampleBytes()));
            }
            assertThat(bytes).isEqualTo(layout.diskBytes());
            for (int range = 0; range < 3; range++) {
                int from = random.nextInt(layout.samples() + 1);
                int to = from + random.nextInt(layout.samples() - from + 1);
                assertReadsBack(directory, layout, numbers, 1 + random.nextInt(10), from, to);
            }
        }
    }

    @Test
    void shardIsAHeaderAndRawNumbers() throws IOException {
        ActivationLayout layout = new ActivationLayout(Activations.FLOAT16, 3, 1, 2, 8);
        try (ActivationWriter writer = new ActivationWriter(folder, layout)) {
            writer.append(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), 3);
            writer.finish();
        }

        ByteBuffer second = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("shard-001.act")))
                .order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[8];
        second.get(magic);
        assertThat(magic).containsExactly('B', 'S', 'M', 'A', 'C', 'T', '1', 0);
        int[] fields = new int[6];
        second.asIntBuffer().get(fields);
        assertThat(fields).containsExactly(2, 1, 1, 2, 2, 3);
        byte[] numbers = new byte[second.limit() - 64];
        second.get(64, numbers);
        assertThat(numbers).containsExactly(9, 10, 11, 12);
    }

    @Test
    void shardsHoldAboutSixtyFourMegabytes() {
        ActivationLayout layout = new ActivationLayout(Activations.FLOAT32, 4160, 2048, 4096);

        assertThat(layout.sampleBytes()).isEqualTo(32L << 20);
        assertThat(layout.shardSamples()).isEqualTo(2);
        assertThat(layout.shards()).isEqualTo(2080);
        assertThat(ActivationLayout.shardName(2079)).isEqualTo("shard-2079.act");
    }

    private static List<Path> write(Path directory, ActivationLayout layout, byte[] numbers, Random random) {
        try (ActivationWriter writer = new ActivationWriter(directory, layout)) {
            byte[] reused = new byte[numbers.length];
            for (int sample = 0; sample < layout.samples(); ) {
                int samples = 1 + random.nextInt(Math.min(10, layout.samples() - sample));
                int bytes = layout.batchBytes(samples);
                System.arraycopy(numbers, layout.batchBytes(sample), reused, 0, bytes);
                writer.append(ByteBuffer.wrap(reused, 0, bytes), samples);
                // The caller may do what it likes with its buffer now.
                random.nextBytes(reused);
                sample += samples;
            }
            return writer.finish();
        }
    }

    private static void assertReadsBack(
            Path directory, ActivationLayout layout, byte[] numbers, int batch, int from, int to) {
        int sample = from;
        try (ActivationReader reader = new ActivationReader(directory, layout, batch, from, to)) {
            while (reader.hasNext()) {
                ActivationReader.Batch next = reader.next();

                assertThat(next.first()).isEqualTo(sample);
                assertThat(next.samples()).isEqualTo(Math.min(batch, to - sample));
                assertThat(next.numbers().isDirect()).isTrue();
                assertThat(next.numbers().order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
                assertThat(next.numbers())
                        .isEqualTo(
                                ByteBuffer.wrap(numbers, layout.batchBytes(sample), layout.batchBytes(next.samples())));
                sample += next.samples();
            }
        }
        assertThat(sample).isEqualTo(to);
    }
}
