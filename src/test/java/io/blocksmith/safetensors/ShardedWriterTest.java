package io.blocksmith.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardedWriterTest {
    private static final List<TensorInfo> TENSORS = List.of(
            TensorInfo.of("a", TensorType.U8, 6),
            TensorInfo.of("b", TensorType.U8, 4),
            TensorInfo.of("c", TensorType.U8, 20),
            TensorInfo.of("d", TensorType.U8, 1));

    @TempDir
    Path folder;

    @Test
    void whatFitsOneShardIsOneFileWithoutAnIndex() throws IOException {
        write(31);

        assertThat(files()).containsExactly("model.safetensors");
        requireContent();
    }

    @Test
    void shardsAreFilledUpToTheLimitAndALargerTensorStandsAlone() throws IOException {
        write(10);

        assertThat(files())
                .containsExactly(
                        "model-00001-of-00003.safetensors",
                        "model-00002-of-00003.safetensors",
                        "model-00003-of-00003.safetensors",
                        "model.safetensors.index.json");
        requireContent();
    }

    @Test
    void theIndexNamesEveryTensorsFileAndAllBytes() throws IOException {
        write(10);

        JsonNode index =
                new ObjectMapper().readTree(folder.resolve(Checkpoint.INDEX).toFile());
        assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(31);
        assertThat(index.path("weight_map").toString())
                .isEqualTo("{\"a\":\"model-00001-of-00003.safetensors\",\"b\":\"model-00001-of-00003.safetensors\","
                        + "\"c\":\"model-00002-of-00003.safetensors\",\"d\":\"model-00003-of-00003.safetensors\"}");
    }

    @Test
    void everyShardCarriesTheMetadata() {
        write(10);

        for (int shard = 1; shard <= 3; shard++) {
            Path file = folder.resolve("model-0000%d-of-00003.safetensors".formatted(shard));
            try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                assertThat(opened.metadata()).containsExactly(Map.entry("format", "pt"));
            }
        }
    }

    @Test
    void finishingBeforeTheLastShardIsADefect() {
        try (ShardedWriter writer = ShardedWriter.create(folder, TENSORS, Map.of(), 10)) {
            writer.write("a", bytes("a", 6));
            writer.write("b", bytes("b", 4));

            assertThatThrownBy(writer::finish)
                    .isInstanceOf(BlocksmithException.class)
                    .hasMessageContaining("finished in shard 1 of 3");
        }
    }

    @Test
    void aSkippedShardIsADefect() {
        try (ShardedWriter writer = ShardedWriter.create(folder, TENSORS, Map.of(), 10)) {
            writer.write("a", bytes("a", 6));

            assertThatThrownBy(() -> writer.write("d", bytes("d", 1)))
                    .isInstanceOf(BlocksmithException.class)
                    .hasMessageContaining("data of d, which is not the next tensor");
        }
    }

    private void write(long shardBytes) {
        try (ShardedWriter writer = ShardedWriter.create(folder, TENSORS, Map.of("format", "pt"), shardBytes)) {
            for (TensorInfo tensor : TENSORS) {
                writer.write(tensor.name(), bytes(tensor.name(), tensor.bytes()));
            }
            writer.finish();
        }
    }

    private void requireContent() {
        try (Checkpoint checkpoint = Checkpoint.open(folder);
                Arena arena = Arena.ofConfined()) {
            assertThat(checkpoint.names()).containsExactly("a", "b", "c", "d");
            for (TensorInfo tensor : TENSORS) {
                assertThat(checkpoint.map(tensor.name(), arena).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(bytes(tensor.name(), tensor.bytes()).toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    private static MemorySegment bytes(String name, long count) {
        byte[] bytes = new byte[(int) count];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (name.charAt(0) + i);
        }
        return MemorySegment.ofArray(bytes);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
