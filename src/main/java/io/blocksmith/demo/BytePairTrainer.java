package io.blocksmith.demo;

import io.blocksmith.demo.BytePairTokenizer.Pair;
import io.blocksmith.failure.BlocksmithException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Learns a {@link BytePairTokenizer}: as long as there is room, the pair of neighbours that is seen most often becomes
 * a token. Every pair is counted anew for each merge, which for a vocabulary of a thousand takes seconds.
 */
public final class BytePairTrainer {
    /** A pair that is seen once is not worth a token. */
    private static final int SEEN_AT_LEAST = 2;

    private BytePairTrainer() {}

    /** A distinct word: its tokens so far, and how often the texts hold it. */
    private static final class Word {
        private final int[] ids;
        private final int count;

        Word(int[] ids, int count) {
            this.ids = ids;
            this.count = count;
        }
    }

    /**
     * The tokenizer of {@code texts}; the same texts in the same order give the same one.
     *
     * @param vocabulary ids wanted, from 258 on; short texts give fewer
     */
    public static BytePairTokenizer learn(List<String> texts, int vocabulary) {
        if (vocabulary < BytePairTokenizer.FIRST_MERGED) {
            throw BlocksmithException.user(
                    "vocabulary of %d ids: expected at least %d, the special tokens and every byte",
                    vocabulary, BytePairTokenizer.FIRST_MERGED);
        }
        List<Word> words = words(texts);
        List<Pair> pairs = new ArrayList<>();
        BytePairTokenizer tokenizer = new BytePairTokenizer(pairs);
        while (tokenizer.size() < vocabulary) {
            Optional<Pair> next = mostFrequent(words);
            if (next.isEmpty()) {
                break;
            }
            pairs.add(next.get());
            tokenizer = new BytePairTokenizer(pairs);
            int result = tokenizer.merges().getLast().result();
            words = words.stream().map(word -> merged(word, next.get(), result)).toList();
        }
        return tokenizer;
    }

    private static List<Word> words(List<String> texts) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (String text : texts) {
            BytePairTokenizer.words(text).forEach(word -> counts.merge(word, 1, Integer::sum));
        }
        List<Word> words = new ArrayList<>();
        counts.forEach((word, count) -> words.add(new Word(BytePairTokenizer.bytes(word), count)));
        return words;
    }

    /** The pair with the highest count; of equals the one with the lowest ids. */
    private static Optional<Pair> mostFrequent(List<Word> words) {
        Map<Pair, Integer> counts = new HashMap<>();
        for (Word word : words) {
            for (int i = 0; i + 1 < word.ids.length; i++) {
                counts.merge(new Pair(word.ids[i], word.ids[i + 1]), word.count, Integer::sum);
            }
        }
        Comparator<Map.Entry<Pair, Integer>> order = Map.Entry.<Pair, Integer>comparingByValue()
                .thenComparing(entry -> -entry.getKey().left())
                .thenComparing(entry -> -entry.getKey().right());
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() >= SEEN_AT_LEAST)
                .max(order)
                .map(Map.Entry::getKey);
    }

    private static Word merged(Word word, Pair pair, int result) {
        int[] ids = new int[word.ids.length];
        int count = 0;
        for (int i = 0; i < word.ids.length; i++) {
            boolean here = i + 1 < word.ids.length && word.ids[i] == pair.left() && word.ids[i + 1] == pair.right();
            ids[count++] = here ? result : word.ids[i];
            i += here ? 1 : 0;
        }
        return count == ids.length ? word : new Word(Arrays.copyOf(ids, count), word.count);
    }
}
