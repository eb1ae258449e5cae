package io.blocksmith.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BytePairTokenizerTest {
    private static final List<String> TEXTS = TinyTexts.sentences(200, 1);
    private static final BytePairTokenizer TOKENIZER = BytePairTrainer.learn(TEXTS, 320);

    @TempDir
    private Path folder;

    @Test
    void anyTextComesBackFromItsTokens() {
        for (String text : TinyTexts.unicode(300, 2)) {
            assertThat(TOKENIZER.decode(TOKENIZER.encode(text))).isEqualTo(text);
        }
    }

    @Test
    void textLikeTheLearntOneTakesFewerTokensThanBytes() {
        String text = String.join(" ", TinyTexts.sentences(20, 3));

        int tokens = TOKENIZER.encode(text).length;

        assertThat(tokens).isLessThan(text.getBytes(StandardCharsets.UTF_8).length / 2);
    }

    @Test
    void theTokenizersLibraryGivesTheSameIdsFromTheFile() throws IOException {
        List<String> texts = List.of(
                "",
                " ",
                "I'm 12 years  old.\n\n\nIt's  ",
                String.join("\n", TEXTS),
                "na\u00efve \ud83d\ude00\ud83d\ude00 \u4f60\u597d");
        try (HuggingFaceTokenizer library = library()) {
            for (String text : texts) {
                assertThat(library.encode(text).getIds()).as(text).isEqualTo(longs(TOKENIZER.encode(text)));
            }
            for (String text : TinyTexts.unicode(300, 4)) {
                assertThat(library.encode(text).getIds()).as(text).isEqualTo(longs(TOKENIZER.encode(text)));
            }
        }
    }

    @Test
    void theTokenizersLibraryReadsTheTextBack() throws IOException {
        try (HuggingFaceTokenizer library = library()) {
            for (String text : TinyTexts.unicode(300, 5)) {
                assertThat(library.decode(longs(TOKENIZER.encode(text)))).isEqualTo(text);
            }
        }
    }

    @Test
    void theTokenizerComesBackFromItsFile() {
        TokenizerFile.write(TOKENIZER, folder);

        BytePairTokenizer read = TokenizerFile.read(folder);

        assertThat(read.tokens()).isEqualTo(TOKENIZER.tokens());
        assertThat(read.merges()).isEqualTo(TOKENIZER.merges());
    }

    @Test
    void theLibraryKnowsTheBeginToken() throws IOException {
        try (HuggingFaceTokenizer library = library()) {
            assertThat(library.encode("<s>").getIds()).containsExactly(BytePairTokenizer.BEGIN);
        }
    }

    @Test
    void theSameTextsTeachTheSameTokens() {
        BytePairTokenizer again = BytePairTrainer.learn(TEXTS, 320);

        assertThat(again.tokens()).isEqualTo(TOKENIZER.tokens()).hasSize(320);
        assertThat(again.merges()).isEqualTo(TOKENIZER.merges());
    }

    @Test
    void aShortTextTeachesFewerTokensThanAsked() {
        assertThat(BytePairTrainer.learn(List.of("abab"), 320).size()).isEqualTo(BytePairTokenizer.FIRST_MERGED + 1);
    }

    @Test
    void aVocabularyWithoutRoomForEveryByteIsRefused() {
        assertThatThrownBy(() -> BytePairTrainer.learn(TEXTS, 257))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("257")
                .hasMessageContaining("at least 258");
    }

    private HuggingFaceTokenizer library() throws IOException {
        TokenizerFile.write(TOKENIZER, folder);
        return HuggingFaceTokenizer.newInstance(
                folder.resolve(TokenizerFile.NAME),
                Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
    }

    private static long[] longs(int[] ids) {
        return Arrays.stream(ids).asLongStream().toArray();
    }
}
