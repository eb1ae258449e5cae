package io.blocksmith.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CorpusTest {
    private final Corpus corpus = new Corpus(List.of(new int[] {1, 5, 6}, new int[] {1, 7, 8, 9}));

    @Test
    void windowsFollowEachOtherAndShareOneToken() {
        assertThat(corpus.windows(3)).containsExactly(new int[] {1, 5, 6, 1}, new int[] {1, 7, 8, 9});
    }

    @Test
    void aPassHoldsTheSameNumberOfWindowsInAnOrderOfItsSeed() {
        List<int[]> pass = corpus.shuffledWindows(2, new Random(3));

        assertThat(pass).hasSize(3).allSatisfy(window -> assertThat(window).hasSize(3));
        assertThat(corpus.shuffledWindows(2, new Random(3)))
                .usingRecursiveComparison()
                .isEqualTo(pass);
    }

    @Test
    void documentsBeginWithBegin() {
        BytePairTokenizer tokenizer = BytePairTrainer.learn(List.of("abab"), 259);

        assertThat(Corpus.of(List.of("ab"), tokenizer).documents()).containsExactly(new int[] {1, 258});
    }

    @Test
    void aTextShorterThanAWindowIsRefused() {
        assertThatThrownBy(() -> corpus.windows(7))
                .isInstanceOf(BlocksmithException.class)
                .hasMessage("7 tokens of text: a window needs 8");
    }
}
