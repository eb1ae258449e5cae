package io.blocksmith.demo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * GPT-2's spelling of bytes as printable characters, in which byte-level tokenizers write their tokens: a printable
 * Latin-1 character stands for itself, the other 68 bytes for the characters from 256 on, in order.
 */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();
    private static final int[] BYTES = bytes();

    private ByteAlphabet() {}

    private static char[] characters() {
        char[] characters = new char[256];
        int shifted = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value > 32 && value < 127) || (value > 160 && value != 173);
            characters[value] = (char) (printable ? value : shifted++);
        }
        return characters;
    }

    private static int[] bytes() {
        int[] bytes = new int[256 + 68];
        for (int value = 0; value < 256; value++) {
            bytes[CHARACTERS[value]] = value;
        }
        return bytes;
    }

    /** The character of one byte, 0 to 255. */
    static char character(int value) {
        return CHARACTERS[value];
    }

    /** The UTF-8 bytes of {@code text}, spelled. */
    static String spell(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder spelled = new StringBuilder(utf8.length);
        for (byte value : utf8) {
            spelled.append(CHARACTERS[value & 0xFF]);
        }
        return spelled.toString();
    }

    /** The text of a spelling; bytes that are no UTF-8 become U+FFFD. */
    static String read(CharSequence spelled) {
        ByteBuffer utf8 = ByteBuffer.allocate(spelled.length());
        for (int i = 0; i < spelled.length(); i++) {
            utf8.put((byte) BYTES[spelled.charAt(i)]);
        }
        return new String(utf8.array(), StandardCharsets.UTF_8);
    }
}
