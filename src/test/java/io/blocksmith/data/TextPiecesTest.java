package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextPiecesTest {
    @TempDir
    private Path folder;

    @Test
    void textThatJustFitsIsOnePiece() throws IOException {
        assertThat(pieces("ab\ncd", 5)).containsExactly("ab\ncd");
    }

    @Test
    void emptyTextHasNoPiece() throws IOException {
        assertThat(pieces("", 5)).isEmpty();
    }

    @Test
    void longerTextIsCutAfterLineEnds() throws IOException {
        assertThat(pieces("ab\ncd\nefgh", 7)).containsExactly("ab\ncd\n", "efgh");
    }

    @Test
    void lineEndsThatBelongTogetherAreNotSeparated() throws IOException {
        assertThat(pieces("ab\n\n\ncd", 4)).containsExactly("ab\n\n", "\ncd");
        assertThat(pieces("ab\n\n\ncd", 5)).containsExactly("ab\n\n\n", "cd");
        assertThat(pieces("a\nbc\n d", 5)).containsExactly("a\n", "bc\n d");
    }

    @Test
    void textWithoutLineEndsIsCutBeforeSpaces() throws IOException {
        assertThat(pieces("ab cd efg", 7)).containsExactly("ab cd", " efg");
    }

    @Test
    void surrogatePairsAreNeverCut() throws IOException {
        assertThat(pieces("😀😀😀", 3)).containsExactly("😀", "😀", "😀");
    }

    @Test
    void piecesPutTogetherAreTheText() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            String text = randomText(random, random.nextInt(60));
            int limit = 2 + random.nextInt(20);

            List<String> pieces = pieces(text, limit);

            assertThat(String.join("", pieces)).isEqualTo(text);
            assertThat(pieces).allSatisfy(piece -> assertThat(piece).hasSizeBetween(1, limit));
        }
    }

    @Test
    void byteLevelTokenizerYieldsTheSameTokensInPiecesCutAtLineEnds() throws IOException {
        Path model = TinyModelFolder.write(folder);
        String text = "hello hell\n\nhe said\n  hello\n\n\nhell\n".repeat(20);
        try (TextTokenizer tokenizer = TextTokenizer.open(model, TinyModelFolder.VOCABULARY)) {
            List<Integer> whole = new ArrayList<>();
            tokenizer.document(new StringReader(text), whole::add);
            List<Integer> inPieces = new ArrayList<>();
            tokenizer.document(new StringReader(text), 50, inPieces::add);

            assertThat(inPieces).isEqualTo(whole);
        }
    }

    private static String randomText(Random random, int length) {
        String alphabet = "ab \n\t";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    private static List<String> pieces(String text, int limit) throws IOException {
        TextPieces source = new TextPieces(new StringReader(text), limit);
        List<String> pieces = new ArrayList<>();
        for (String piece = source.next(); piece != null; piece = source.next()) {
            pieces.add(piece);
        }
        return pieces;
    }
}
