package io.blocksmith.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Small texts made from a seed: simple sentences for training, and arbitrary Unicode for round trips. */
final class TinyTexts {
    private static final List<String> WHO = List.of("The cat", "A dog", "My friend's bird", "Anna");
    private static final List<String> DOES = List.of("sees", "likes", "doesn't like", "looks for");
    private static final List<String> WHAT = List.of("the tree", "a red ball", "12 apples", "the sea");

    private TinyTexts() {}

    /** {@code count} texts of one to three sentences. */
    static List<String> sentences(int count, long seed) {
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            int sentences = 1 + random.nextInt(3);
            for (int j = 0; j < sentences; j++) {
                text.append(j == 0 ? "" : " ")
                        .append(one(WHO, random))
                        .append(' ')
                        .append(one(DOES, random))
                        .append(' ')
                        .append(one(WHAT, random))
                        .append('.');
            }
            texts.add(text.toString());
        }
        return texts;
    }

    private static String one(List<String> choices, Random random) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** {@code count} texts of any assigned code points, many of them blanks and letters, no surrogates. */
    static List<String> unicode(int count, long seed) {
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(60); length > 0; length--) {
                text.appendCodePoint(codePoint(random));
            }
            texts.add(text.toString());
        }
        return texts;
    }

    private static int codePoint(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> " \t\n\r\u00a0\u2003\u0085\u2028'".codePointAt(random.nextInt(9));
            case 1 -> 'a' + random.nextInt(26);
            case 2 -> random.nextInt(0x250);
            default -> {
                int any = random.nextInt(Character.MAX_CODE_POINT);
                int type = Character.getType(any);
                yield type == Character.UNASSIGNED || type == Character.SURROGATE ? 'x' : any;
            }
        };
    }
}
