package io.blocksmith.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadBack() {
        Path file = folder.resolve("a.safetensors");
        float[] values = {1, -2, 3.5f, 4, 5, 6};
        List<TensorInfo> tensors = List.of(
                TensorInfo.of("a", TensorType.F32, 2, 3),
                TensorInfo.of("empty", TensorType.F16, 0, 4),
                TensorInfo.of("b", TensorType.U8, 2));
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, tensors, Map.of("format", "pt"))) {
            writer.write("a", MemorySegment.ofArray(Arrays.copyOf(values, 2)));
            writer.write("a", MemorySegment.ofArray(Arrays.copyOfRange(values, 2, 6)));
            writer.write("b", MemorySegment.ofArray(new byte[] {7, 8}));
            writer.finish();
        }

        try (SafetensorsFile read = SafetensorsFile.open(file);
                Arena arena = Arena.ofConfined()) {
            assertThat(read.tensors().keySet()).containsExactly("a", "empty", "b");
            assertThat(read.metadata()).containsEntry("format", "pt");
            assertThat(read.map("a", arena).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
                    .isEqualTo(values);
            assertThat(read.map("b", arena).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(new byte[] {7, 8});
        }
    }

    @Test
    void aTensorThatIsNotCompleteCannotBeFinished() {
        List<TensorInfo> tensors = List.of(TensorInfo.of("a", TensorType.F32, 2));
        try (SafetensorsWriter writer = SafetensorsWriter.create(folder.resolve("x"), tensors, Map.of())) {
            writer.write("a", MemorySegment.ofArray(new float[] {1}));

            assertThatThrownBy(writer::finish).hasMessageContaining("tensor a is incomplete");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}, | not valid JSON
        [1]                                                    | not a JSON object
        {"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}} | tensor a: unknown dtype F99
        {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} | tensor a: F32 [3] needs 12 bytes, its data_offsets [0, 8] hold 8
        {"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}| is not a list of sizes
        {"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}} | overflows 64 bits
        {"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}} | is not a list of sizes
        {"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}} | is not a list of sizes
        {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}} | is not a list of sizes
        {"a":[[[[]]]]}                                         | expected dtype, shape and two data_offsets
        {"a":{"dtype":"F32","shape":[2]}}                      | expected dtype, shape and two data_offsets
        {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[6],"data_offsets":[2,8]}} | tensor b: data begins at 2, expected 4 right after a; the file has overlapping tensors
        {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}} | the file has a hole
        {"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}} | not valid JSON: Duplicate field 'a'
        """)
    void aBrokenHeaderIsRefusedByName(String json, String message) throws IOException {
        Path file = write(json, 8);

        assertUserError(file, message);
    }

    @Test
    void aHeaderOfMoreTensorsThanAnyModelHasIsRefusedWhereItPassesTheBound() throws IOException {
        StringBuilder json = new StringBuilder("{");
        for (int i = 0; i <= 200_000; i++) {
            json.append("\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},".formatted(i));
        }

        // What follows is not even JSON.
        assertUserError(write(json.toString(), 0), "more than 200000 tensors in its header");
    }

    @Test
    void aTruncatedFileIsRefusedWithBothLengths() throws IOException {
        Path file = write("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 5);

        assertUserError(file, "truncated: the header describes 70 bytes, the file has 67; copy it again");
    }

    @Test
    void bytesAfterTheDataAreRefused() throws IOException {
        Path file = write("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9);

        assertUserError(file, "longer than its header says");
    }

    @ParameterizedTest
    @CsvSource({"2147483648", "-1", "100000001", "0"})
    void aHeaderLengthPastTheLimitIsRefusedBeforeItIsRead(long length) throws IOException {
        Path file = folder.resolve("long.safetensors");
        Files.write(
                file,
                ByteBuffer.allocate(64)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(length)
                        .array());

        assertUserError(file, "header length " + Long.toUnsignedString(length));
    }

    @Test
    void aFileShorterThanItsLengthFieldIsRefused() throws IOException {
        Path file = Files.write(folder.resolve("short.safetensors"), new byte[] {1, 2, 3});

        assertUserError(file, "3 bytes are too few");
    }

    @Test
    void aMissingShardIsNamed() throws IOException {
        Files.writeString(
                folder.resolve(Checkpoint.INDEX), "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\"}}");

        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("model-00001-of-00002.safetensors: shard missing");
    }

    @Test
    void aShardOutsideTheFolderIsRefused() throws IOException {
        Files.writeString(folder.resolve(Checkpoint.INDEX), "{\"weight_map\": {\"a\": \"../secret.safetensors\"}}");

        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("is not a file of this folder");
    }

    @Test
    void aPickleCheckpointIsRefusedWithTheWayOut() throws IOException {
        Files.write(folder.resolve("pytorch_model.bin"), new byte[] {1});

        assertThatThrownBy(() -> Checkpoint.open(folder))
                .hasMessageContaining("pytorch_model.bin: pickle checkpoints are refused")
                .hasMessageContaining("safetensors");
    }

    private Path write(String json, int dataBytes) throws IOException {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        return Files.write(folder.resolve("broken.safetensors"), bytes.array());
    }

    private static void assertUserError(Path file, String message) {
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOfSatisfying(
                        BlocksmithException.class,
                        failure -> assertThat(failure.category()).isEqualTo(Category.USER))
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }
}
