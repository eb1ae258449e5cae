package io.blocksmith.demo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A byte-level byte-pair encoding (Sennrich et al., arXiv 1508.07909, over bytes as in GPT-2). Ids: {@code <unk>} 0,
 * {@code <s>} 1, the 256 bytes, then what merges made. It encodes as the tokenizers library does with the file that
 * {@link TokenizerFile} writes, except that it takes {@code <s>} in a text for three characters.
 */
public final class BytePairTokenizer {
    /** Begins a document, and so also ends the one before it. */
    public static final int BEGIN = 1;

    static final List<String> SPECIAL = List.of("<unk>", "<s>");
    static final int FIRST_MERGED = SPECIAL.size() + 256;

    /** GPT-2's words: a merge never crosses their borders. */
    private static final Pattern WORD = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private final List<String> tokens;
    private final List<Merge> merges;
    private final Map<Pair, Integer> rankOf = new HashMap<>();
    private final Map<String, Integer> idOf = new HashMap<>();

    /** Two neighbouring tokens. */
    record Pair(int left, int right) {}

    /** The token {@code result} that replaces a pair. */
    record Merge(Pair pair, int result) {}

    /** The tokenizer of {@code pairs}, merged in that order; ids in a pair may be results of earlier pairs. */
    BytePairTokenizer(List<Pair> pairs) {
        List<String> spelled = new ArrayList<>(SPECIAL);
        for (int value = 0; value < 256; value++) {
            spelled.add(String.valueOf(ByteAlphabet.character(value)));
        }
        for (int id = 0; id < spelled.size(); id++) {
            idOf.put(spelled.get(id), id);
        }
        List<Merge> made = new ArrayList<>();
        for (Pair pair : pairs) {
            String token = spelled.get(pair.left()) + spelled.get(pair.right());
            // Two pairs may spell the same token (a+bc, ab+c); it has one id.
            Integer known = idOf.putIfAbsent(token, spelled.size());
            if (known == null) {
                spelled.add(token);
            }
            rankOf.put(pair, made.size());
            made.add(new Merge(pair, idOf.get(token)));
        }
        this.tokens = List.copyOf(spelled);
        this.merges = List.copyOf(made);
    }

    /** Number of ids. */
    public int size() {
        return tokens.size();
    }

    /** Every token by id, bytes spelled as printable characters. */
    List<String> tokens() {
        return tokens;
    }

    List<Merge> merges() {
        return merges;
    }

    /** The ids of {@code text}, without {@link #BEGIN}. */
    public int[] encode(String text) {
        int[] ids = new int[16];
        int count = 0;
        for (String word : words(text)) {
            int[] pieces = bytes(word);
            int length = merge(pieces);
            if (count + length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(2 * ids.length, count + length));
            }
            System.arraycopy(pieces, 0, ids, count, length);
            count += length;
        }
        return Arrays.copyOf(ids, count);
    }

    /** The text of {@code ids}; special tokens have none, and bytes that are no UTF-8 become U+FFFD. */
    public String decode(int[] ids) {
        StringBuilder spelled = new StringBuilder();
        for (int id : ids) {
            if (id >= SPECIAL.size()) {
                spelled.append(tokens.get(id));
            }
        }
        return ByteAlphabet.read(spelled);
    }

    /** Text cut into the words that are encoded one by one. */
    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.add(matcher.group());
        }
        return words;
    }

    /** The ids of the bytes of {@code word}. */
    static int[] bytes(String word) {
        byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < utf8.length; i++) {
            ids[i] = SPECIAL.size() + (utf8[i] & 0xFF);
        }
        return ids;
    }

    /** Merges in place, the earliest learnt pair first and the leftmost of equals; returns the new length. */
    private int merge(int[] ids) {
        int length = ids.length;
        while (true) {
            int best = Integer.MAX_VALUE;
            int at = -1;
            for (int i = 0; i + 1 < length; i++) {
                int rank = rankOf.getOrDefault(new Pair(ids[i], ids[i + 1]), Integer.MAX_VALUE);
                if (rank < best) {
                    best = rank;
                    at = i;
                }
            }
            if (at < 0) {
                return length;
            }
            ids[at] = merges.get(best).result();
            System.arraycopy(ids, at + 2, ids, at + 1, length - at - 2);
            length--;
        }
    }
}
