package io.blocksmith.failure;

/**
 * Text that is safe to show: names of tensors, files, runs and workers come from others, and a terminal obeys what it is
 * sent. Control characters and those that turn the direction of writing are shown as what they are, e.g. {@code \\u001b}.
 */
public final class Printable {
    private Printable() {}

    /** {@code text} with only line ends and tabs left of what is not printed. */
    public static String of(String text) {
        StringBuilder safe = null;
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (isControl(letter)) {
                if (safe == null) {
                    safe = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                safe.append("\\u%04x".formatted((int) letter));
            } else if (safe != null) {
                safe.append(letter);
            }
        }
        return safe == null ? text : safe.toString();
    }

    private static boolean isControl(char letter) {
        boolean control = Character.isISOControl(letter) && letter != '\n' && letter != '\t';
        boolean direction = letter == 0x061C
                || letter == 0x200E
                || letter == 0x200F
                || (letter >= 0x202A && letter <= 0x202E)
                || (letter >= 0x2066 && letter <= 0x2069);
        return control || direction || letter == 0x2028 || letter == 0x2029;
    }
}
