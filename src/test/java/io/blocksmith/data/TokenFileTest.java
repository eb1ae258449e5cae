package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFileTest {
    @TempDir
    private Path folder;

    @Test
    void streamIsReadBackAtAnyPlace() throws IOException {
        int count = 100_000;
        TokenSource source =
                ids(IntStream.range(0, count).mapToObj(Integer::toString).collect(Collectors.joining(" ")));

        try (TokenFile tokens = TokenFile.write(folder.resolve("tokens"), source)) {
            assertThat(tokens.length()).isEqualTo(count);
            assertThat(tokens.tokens(0, count))
                    .isEqualTo(IntStream.range(0, count).toArray());
            assertThat(tokens.tokens(99_998, 2)).containsExactly(99_998, 99_999);
            assertThat(tokens.source()).isEqualTo(source.file());
        }
    }

    @Test
    void numbersAreLittleEndianAndNothingElse() throws IOException {
        Path file = folder.resolve("tokens");
        TokenFile.write(file, ids("1 513")).close();

        assertThat(Files.readAllBytes(file)).containsExactly(1, 0, 0, 0, 1, 2, 0, 0);
    }

    @Test
    void olderFileIsReplaced() throws IOException {
        Path file = folder.resolve("tokens");
        TokenFile.write(file, ids("1 2 3")).close();
        TokenFile.write(file, ids("4")).close();

        try (TokenFile tokens = TokenFile.open(file, file)) {
            assertThat(tokens.tokens(0, 1)).containsExactly(4);
            assertThat(tokens.length()).isEqualTo(1);
        }
    }

    @Test
    void fileAboveTwoGibibytesIsReadToItsEnd() throws IOException {
        Path file = folder.resolve("tokens");
        long count = (1L << 29) + 3;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(count * Integer.BYTES);
            sparse.seek((count - 1) * Integer.BYTES);
            sparse.write(new byte[] {9, 0, 0, 0});
        }

        try (TokenFile tokens = TokenFile.open(file, file)) {
            assertThat(tokens.length()).isEqualTo(count);
            assertThat(tokens.tokens(count - 2, 2)).containsExactly(0, 9);
        }
    }

    @Test
    void placesOutsideTheStreamAreRefused() throws IOException {
        try (TokenFile tokens = TokenFile.write(folder.resolve("tokens"), ids("1 2 3"))) {
            assertThatThrownBy(() -> tokens.tokens(2, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> tokens.tokens(-1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void textWithoutTokensIsRefusedAndLeavesNothing() throws IOException {
        TokenSource source = ids(" \n");

        assertThatThrownBy(() -> TokenFile.write(folder.resolve("tokens"), source))
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.USER))
                .hasMessageContaining("text.ids: expected text, found no token");
        assertThat(folder)
                .isDirectoryNotContaining(path -> path.getFileName().toString().startsWith("tokens"));
    }

    @Test
    void failureOfTheSourceLeavesNothing() throws IOException {
        TokenSource source = ids("1 2 x");

        assertThatThrownBy(() -> TokenFile.write(folder.resolve("tokens"), source))
                .isInstanceOf(BlocksmithException.class);
        assertThat(folder)
                .isDirectoryNotContaining(path -> path.getFileName().toString().startsWith("tokens"));
    }

    @Test
    void folderThatIsNotThereIsNamed() throws IOException {
        TokenSource source = ids("1");

        assertThatThrownBy(() -> TokenFile.write(folder.resolve("absent/tokens"), source))
                .isInstanceOfSatisfying(
                        BlocksmithException.class, e -> assertThat(e.category()).isEqualTo(Category.ENVIRONMENT))
                .hasMessageContaining("absent/tokens: cannot be written");
    }

    @Test
    void tornFileIsRefused() throws IOException {
        Path file = Files.write(folder.resolve("tokens"), new byte[7]);

        assertThatThrownBy(() -> TokenFile.open(file, file))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("tokens: expected a multiple of 4 bytes above 0, found 7");
    }

    private TokenSource ids(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("text.ids"), content);
        return TokenSource.of(file, folder, 1 << 20);
    }
}
