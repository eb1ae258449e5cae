package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Printable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** No text of others makes a terminal do anything. */
class PrintableStreamTest {
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream stream = PrintableStream.over(new PrintStream(shown, true, StandardCharsets.UTF_8));

    private String shown() {
        return shown.toString(StandardCharsets.UTF_8);
    }

    @Test
    void controlCharactersAreShownAsWhatTheyAre() {
        stream.print("tensor \u001b[2J\u001b]0;title\u0007 \r over \u0000 \u009b31m \u007f");

        assertThat(shown())
                .isEqualTo("tensor \\u001b[2J\\u001b]0;title\\u0007 \\u000d over \\u0000 \\u009b31m \\u007f");
    }

    @Test
    void theDirectionOfWritingIsNotTurned() {
        stream.print("model\u202Egnp.exe \u2066x\u2069 a\u2028b");

        assertThat(shown()).isEqualTo("model\\u202egnp.exe \\u2066x\\u2069 a\\u2028b");
    }

    @Test
    void otherTextIsAsItWas() throws IOException {
        String text = "modèle 模型 \uD83D\uDE00\n\tindented";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        // Characters of several bytes may come in pieces.
        for (byte single : bytes) {
            stream.write(single);
        }
        stream.write(bytes);
        stream.flush();

        assertThat(shown()).isEqualTo(text + text);
        assertThat(Printable.of(text)).isSameAs(text);
    }
}
