package io.blocksmith.demo;

import io.blocksmith.failure.BlocksmithException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Tokenized documents, each with {@link BytePairTokenizer#BEGIN} before it.
 *
 * @param documents token ids
 */
public record Corpus(List<int[]> documents) {
    public Corpus {
        documents = List.copyOf(documents);
    }

    /** The documents of {@code texts}. */
    public static Corpus of(List<String> texts, BytePairTokenizer tokenizer) {
        List<int[]> documents = new ArrayList<>();
        for (String text : texts) {
            int[] ids = tokenizer.encode(text);
            int[] document = new int[ids.length + 1];
            document[0] = BytePairTokenizer.BEGIN;
            System.arraycopy(ids, 0, document, 1, ids.length);
            documents.add(document);
        }
        return new Corpus(documents);
    }

    /** Number of tokens. */
    public int tokens() {
        return documents.stream().mapToInt(document -> document.length).sum();
    }

    /** Windows of {@code length} tokens and the one that follows them, in the order of the documents. */
    public List<int[]> windows(int length) {
        List<int[]> windows = cut(documents, 0, length);
        if (windows.isEmpty()) {
            throw BlocksmithException.user("%d tokens of text: a window needs %d", tokens(), length + 1);
        }
        return windows;
    }

    /** The windows of one pass: documents shuffled, cut from a random place on, windows shuffled. */
    public List<int[]> shuffledWindows(int length, Random random) {
        windows(length);
        List<int[]> order = new ArrayList<>(documents);
        Collections.shuffle(order, random);
        int spare = (tokens() - 1) % length;
        List<int[]> windows = cut(order, random.nextInt(spare + 1), length);
        Collections.shuffle(windows, random);
        return windows;
    }

    private static List<int[]> cut(List<int[]> documents, int first, int length) {
        int[] stream = documents.stream().flatMapToInt(Arrays::stream).toArray();
        List<int[]> windows = new ArrayList<>();
        for (int begin = first; begin + length < stream.length; begin += length) {
            windows.add(Arrays.copyOfRange(stream, begin, begin + length + 1));
        }
        return windows;
    }
}
