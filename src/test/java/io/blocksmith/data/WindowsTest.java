package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.spec.Calibration.Order;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stream is 0, 1, 2, ... 102: ten windows of 10 tokens and a partial one. */
class WindowsTest {
    @TempDir
    private Path folder;

    private TokenFile stream;

    @BeforeEach
    void writeStream() throws IOException {
        String ids = IntStream.range(0, 103).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        Path text = Files.writeString(folder.resolve("text.ids"), ids);
        stream = TokenFile.write(folder.resolve("tokens"), TokenSource.of(text, folder, 200));
    }

    @AfterEach
    void closeStream() {
        stream.close();
    }

    @Test
    void fileOrderTrainsOnTheStartAndValidatesOnTheEnd() {
        Windows.Split split = Windows.split(stream, 10, 3, 2, 20, Order.FILE, 1);

        assertThat(starts(split.train())).containsExactly(0, 10, 20);
        assertThat(starts(split.validation())).containsExactly(83, 93);
    }

    @Test
    void windowHoldsConsecutiveTokens() {
        Windows.Split split = Windows.split(stream, 10, 2, 0, 0, Order.FILE, 1);

        assertThat(split.train().tokens(1)).containsExactly(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    }

    @Test
    void randomOrderDrawsWindowsAndKeepsTheirOrder() {
        // Drawn by an implementation of the documented algorithm in another language: seed 42 of ten.
        Windows.Split split = Windows.split(stream, 10, 7, 0, 0, Order.RANDOM, 42);

        assertThat(starts(split.train())).containsExactly(70, 20, 40, 50, 10, 90, 60);
    }

    @Test
    void noPhaseTrainsOnWhatAnotherValidatesOn() {
        for (long seed = 0; seed < 200; seed++) {
            Windows.Split shorter = Windows.split(stream, 5, 12, 4, 30, Order.RANDOM, seed);
            Windows.Split longer = Windows.split(stream, 15, 4, 2, 30, Order.RANDOM, seed);

            assertThat(new HashSet<>(starts(shorter.train()))).hasSize(12);
            assertThat(tokens(shorter.train())).doesNotContainAnyElementsOf(tokens(longer.validation()));
            assertThat(tokens(longer.train())).doesNotContainAnyElementsOf(tokens(shorter.validation()));
        }
    }

    @Test
    void sameSeedDrawsTheSameAndAnotherSeedAnother() {
        List<Integer> first =
                starts(Windows.split(stream, 5, 12, 8, 40, Order.RANDOM, 3).train());

        assertThat(starts(Windows.split(stream, 5, 12, 8, 40, Order.RANDOM, 3).train()))
                .isEqualTo(first);
        assertThat(starts(Windows.split(stream, 5, 12, 8, 40, Order.RANDOM, 4).train()))
                .isNotEqualTo(first);
    }

    @Test
    void drawOfAHugeStreamNeedsNoListOfIt() {
        assertThat(WindowDraw.distinct(0, 1_000_000_000_000L, 3))
                .containsExactly(883310808213L, 431527997049L, 26433771594L);
        assertThat(WindowDraw.distinct(-7, 100, 6)).containsExactly(42, 48, 90, 18, 58, 81);
    }

    @Test
    void tooFewTokensAreRefusedWithTheWholeSum() {
        assertThatThrownBy(() -> Windows.split(stream, 10, 9, 2, 20, Order.RANDOM, 1))
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.USER))
                .hasMessage(
                        "calibration %s: 9 windows of 10 tokens needed besides 20 tokens held out for validation,"
                                + " found 8 (103 tokens in all); lower the samples or the sequence length of"
                                + " calibration or end-to-end, or give more text",
                        folder.resolve("text.ids"));
    }

    @Test
    void evaluationTakesWindowsFromTheStart() {
        assertThat(starts(Windows.fromStart(stream, 10, 4))).containsExactly(0, 10, 20, 30);
    }

    @Test
    void evaluationOfAllWindowsDropsThePartialOne() {
        assertThat(starts(Windows.fromStart(stream, 20, 0))).containsExactly(0, 20, 40, 60, 80);
    }

    @Test
    void evaluationOfMoreWindowsThanThereAreIsRefused() {
        assertThatThrownBy(() -> Windows.fromStart(stream, 10, 11))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("11 windows of 10 tokens needed, found 10 (103 tokens)");
        assertThatThrownBy(() -> Windows.fromStart(stream, 104, 0))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("1 windows of 104 tokens needed, found 0 (103 tokens)");
    }

    @Test
    void windowOutsideTheDrawIsRefused() {
        Windows windows = Windows.split(stream, 10, 2, 1, 10, Order.FILE, 1).train();

        assertThatThrownBy(() -> windows.tokens(2)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static List<Integer> tokens(Windows windows) {
        return IntStream.range(0, windows.count())
                .flatMap(index -> Arrays.stream(windows.tokens(index)))
                .boxed()
                .toList();
    }

    private static List<Integer> starts(Windows windows) {
        return IntStream.range(0, windows.count())
                .mapToObj(index -> windows.tokens(index)[0])
                .toList();
    }
}
