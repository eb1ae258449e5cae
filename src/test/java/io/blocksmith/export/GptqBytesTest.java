package io.blocksmith.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.RopeScaling;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Quantization;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The words of small tensors, worked out by hand from the format's description. */
class GptqBytesTest {
    private static final String NAME = "model.layers.0.self_attn.q_proj";

    @TempDir
    Path folder;

    /** Nibble k of word n is k + n. */
    @Test
    void fourBitsPutEightCodesOfAColumnInAWordLowestFirst() {
        Path export = export(8, new Quantization(4, -1, false), (row, column) -> (row + column) % 16, row -> row);

        assertThat(ExportCase.words(export, NAME + ".qweight"))
                .containsExactly(
                        0x76543210, 0x87654321, 0x98765432, 0xA9876543, 0xBA987654, 0xCBA98765, 0xDCBA9876, 0xEDCBA987);
        assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0x76543210);
        assertThat(ExportCase.words(export, NAME + ".g_idx")).containsExactly(0, 0, 0, 0, 0, 0, 0, 0);
    }

    /** The word 0x76543210 lies in the file as 10 32 54 76. */
    @Test
    void wordsAreLittleEndian() {
        Path export = export(8, new Quantization(4, -1, false), (_, column) -> column, row -> row);

        assertThat(ExportCase.bytes(export, NAME + ".qzeros")).containsExactly(0x10, 0x32, 0x54, 0x76);
    }

    /** Codes 0 1 2 3 are the byte 11100100, 1 2 3 0 are 00111001, 2 3 0 1 are 01001110, 3 0 1 2 are 10010011. */
    @Test
    void twoBitsPutSixteenCodesInAWord() {
        Path export = export(16, new Quantization(2, -1, false), (row, column) -> (row + column) % 4, row -> row % 4);

        int[] four = {0xE4E4E4E4, 0x39393939, 0x4E4E4E4E, 0x93939393};
        assertThat(ExportCase.words(export, NAME + ".qweight"))
                .containsExactly(IntStream.range(0, 16).map(i -> four[i % 4]).toArray());
        assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0xE4E4E4E4);
    }

    /** Codes 0 to 7 are 24 bits, the bytes 88 C6 FA; four times that are three words. */
    @Test
    void threeBitsAreOnePlainStreamOfBits() {
        Path export = export(32, new Quantization(3, -1, false), (_, column) -> column % 8, row -> row % 8);

        assertThat(ExportCase.words(export, NAME + ".qweight"))
                .containsExactly(repeated(32, 0x88FAC688, 0xC688FAC6, 0xFAC688FA));
        assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0x88FAC688, 0xC688FAC6, 0xFAC688FA);
    }

    /** Code 10 = 7 is bits 30 to 32, code 21 = 5 is bits 63 to 65. */
    @Test
    void threeBitCodesTenAndTwentyOneStraddleWords() {
        Path export = export(
                32,
                new Quantization(3, -1, false),
                (_, column) -> column == 10 ? 7 : column == 21 ? 5 : 0,
                row -> row == 10 ? 7 : row == 21 ? 5 : 0);

        assertThat(ExportCase.words(export, NAME + ".qweight"))
                .containsExactly(repeated(32, 0xC0000000, 0x80000001, 0x00000002));
        assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0xC0000000, 0x80000001, 0x00000002);
    }

    @Test
    void eightBitsPutFourCodesInAWord() {
        int[] codes = {0x00, 0x7F, 0x80, 0xFF};
        Path export = export(4, new Quantization(8, -1, false), (_, column) -> codes[column], row -> codes[row]);

        assertThat(ExportCase.words(export, NAME + ".qweight"))
                .containsExactly(0xFF807F00, 0xFF807F00, 0xFF807F00, 0xFF807F00);
        assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0xFF807F00);
    }

    /** Each field holds the middle minus one: 01, 011, 0111 and 01111111. */
    @Test
    void symmetricZeroPointsAreStoredLessOne() {
        assertThat(symmetricZeroPoints(16, 2)).containsExactly(0x55555555);
        assertThat(symmetricZeroPoints(32, 3)).containsExactly(0xDB6DB6DB, 0xB6DB6DB6, 0x6DB6DB6D);
        assertThat(symmetricZeroPoints(8, 4)).containsExactly(0x77777777);
        assertThat(symmetricZeroPoints(4, 8)).containsExactly(0x7F7F7F7F);
    }

    /** With groups of 8 of 16 columns, words and scales of a group are a row. Half floats: 0.5 = 3800, 1 = 3C00. */
    @Test
    void groupsAreRowsOfScalesAndZeroPoints() {
        Quantization grid = new Quantization(4, 8, false);
        try (ExportCase made = ExportCase.of(folder.resolve("in"), square(16), TensorType.F16, grid)) {
            float[] stepSizes = made.blocks().block(0).stepSizes.get(Linear.Q);
            byte[] zeroPoints = made.blocks().block(0).zeroPoints.get(Linear.Q);
            for (int row = 0; row < 16; row++) {
                stepSizes[2 * row] = 0.5f;
                stepSizes[2 * row + 1] = 1;
                zeroPoints[2 * row] = 0;
                zeroPoints[2 * row + 1] = (byte) row;
            }
            Path export = write(made);

            int[] halves = new int[16];
            Arrays.fill(halves, 0, 8, 0x38003800);
            Arrays.fill(halves, 8, 16, 0x3C003C00);
            assertThat(ExportCase.words(export, NAME + ".scales")).containsExactly(halves);
            assertThat(ExportCase.words(export, NAME + ".qzeros")).containsExactly(0, 0, 0x76543210, 0xFEDCBA98);
            assertThat(ExportCase.words(export, NAME + ".g_idx"))
                    .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        }
    }

    private int[] symmetricZeroPoints(int width, int bits) {
        Quantization grid = new Quantization(bits, -1, true);
        Path export = export(width, grid, (_, _) -> 0, _ -> 1 << (bits - 1));
        return ExportCase.words(export, NAME + ".qzeros");
    }

    /** Exports a model of one width whose query projection has these codes and zero points. */
    private Path export(int width, Quantization grid, IntBinaryOperator codes, IntUnaryOperator zeroPoints) {
        Path input = folder.resolve("in-" + width);
        try (ExportCase made = ExportCase.of(input, square(width), TensorType.F16, grid)) {
            byte[] code = made.blocks().block(0).codes.get(Linear.Q);
            byte[] zeroPoint = made.blocks().block(0).zeroPoints.get(Linear.Q);
            for (int row = 0; row < width; row++) {
                for (int column = 0; column < width; column++) {
                    code[row * width + column] = (byte) codes.applyAsInt(row, column);
                }
                zeroPoint[row] = (byte) zeroPoints.applyAsInt(row);
            }
            return write(made);
        }
    }

    private Path write(ExportCase made) {
        Path export = folder.resolve("out-" + made.source().config().hidden());
        new GptqExport("test:1", ModelExport.SHARD_BYTES).write(made.source(), export);
        return export;
    }

    /** Every linear is [width, width]. */
    private static LlamaConfig square(int width) {
        RopeScaling scaling = new RopeScaling.None();
        return new LlamaConfig(
                width, width, 1, 1, 1, width, 8, 64, 1e-5, 10_000, scaling, false, false, true, OptionalInt.of(1));
    }

    private static int[] repeated(int times, int... words) {
        return Arrays.stream(words)
                .flatMap(word -> IntStream.generate(() -> word).limit(times))
                .toArray();
    }
}
