package io.blocksmith.data;

import static io.blocksmith.data.TinyModelFolder.BOS;
import static io.blocksmith.data.TinyModelFolder.HE;
import static io.blocksmith.data.TinyModelFolder.LL;
import static io.blocksmith.data.TinyModelFolder.VOCABULARY;
import static io.blocksmith.data.TinyModelFolder.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenSourceTest {
    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = TinyModelFolder.write(folder.resolve("model"));
    }

    @Test
    void jsonLinesPutBosBeforeEachDocument() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"he\"}\n{\"id\": [1, {\"text\": 2}], \"text\": \"ll\"}\n");

        assertThat(tokens(file)).containsExactly(BOS, HE, BOS, LL);
    }

    @Test
    void jsonLinesPassOverBlankLinesAndEmptyDocumentsAndMayEndWithoutLineEnd() throws IOException {
        Path file = write("a.jsonl", "\n{\"text\": \"\"}\r\n  \n{\"text\": \"he\"}");

        assertThat(tokens(file)).containsExactly(BOS, HE);
    }

    @Test
    void jsonLineLongerThanTheReadBufferIsOneDocument() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"" + "x".repeat(200_000) + "\"}\n{\"text\": \"he\"}\n");

        assertThat(tokens(file)).hasSize(200_003).startsWith(BOS, id('x')).endsWith(id('x'), BOS, HE);
    }

    @Test
    void plainTextIsOneDocumentWithBosOnce() throws IOException {
        Path file = write("a.txt", "hello\nhe\n");

        assertThat(tokens(file)).containsExactly(BOS, HE, LL, id('o'), id('\n'), HE, id('\n'));
    }

    @Test
    void plainTextMayHoldAnyUnicode() throws IOException {
        Path file = write("a.txt", "é😀\0");

        assertThat(tokens(file))
                .containsExactly(BOS, 0xC3 + 1, 0xA9 + 1, 0xF0 + 1, 0x9F + 1, 0x98 + 1, 0x80 + 1, 0 + 1);
    }

    @Test
    void idsAreTakenAsTheyAre() throws IOException {
        Path file = write("a.ids", " 5 0\n\t258\r\n7");

        assertThat(tokens(file)).containsExactly(5, 0, 258, 7);
    }

    @Test
    void idsNeedNoTokenizer() throws IOException {
        List<Integer> tokens = new ArrayList<>();
        TokenSource.of(write("a.ids", "1 2"), folder.resolve("nowhere"), 3).forEach(tokens::add);

        assertThat(tokens).containsExactly(1, 2);
    }

    @Test
    void extensionIsReadInAnyCase() throws IOException {
        assertThat(tokens(write("A.IDS", "3"))).containsExactly(3);
    }

    private void tokenizerConfig(String json) throws IOException {
        Files.writeString(model.resolve("tokenizer_config.json"), json);
    }

    private List<Integer> tokensOfHe() throws IOException {
        return tokens(write("he.txt", "he"));
    }

    @Test
    void theTokenizersPostProcessorDecidesWhateverTheModelSays() throws IOException {
        TinyModelFolder.write(model, "{\"bos_token_id\": null}");
        tokenizerConfig("{\"bos_token\": \"<s>\"}");

        assertThat(tokensOfHe()).containsExactly(BOS, HE);
    }

    @Test
    void aTokenizerWithoutAPostProcessorAddsNothingAlthoughTheModelHasABos() throws IOException {
        TinyModelFolder.write(model, "{\"bos_token_id\": 0}");
        TinyModelFolder.withoutPostProcessor(model);

        assertThat(tokensOfHe()).containsExactly(HE);
    }

    @Test
    void theFlagsOfTheTokenizersConfigurationOverrideThePostProcessor() throws IOException {
        tokenizerConfig("{\"add_bos_token\": false, \"bos_token\": \"<s>\"}");
        assertThat(tokensOfHe()).containsExactly(HE);

        TinyModelFolder.withoutPostProcessor(model);
        tokenizerConfig("{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<s>\"}}");
        assertThat(tokensOfHe()).containsExactly(BOS, HE);
        tokenizerConfig("{\"add_eos_token\": true, \"bos_token\": \"<s>\", \"eos_token\": \"<s>\"}");
        assertThat(tokensOfHe()).containsExactly(HE, BOS);
        tokenizerConfig("{\"add_bos_token\": true, \"bos_token\": null}");
        assertThat(tokensOfHe()).containsExactly(HE);
    }

    @Test
    void flagsAndTokensThatCannotBeReadAreRefusedByName() throws IOException {
        tokenizerConfig("{\"add_bos_token\": \"yes\"}");
        assertRefused(this::tokensOfHe).hasMessageContaining("add_bos_token: expected true or false, found \"yes\"");
        tokenizerConfig("{\"add_bos_token\": true, \"bos_token\": \"<nobody>\"}");
        assertRefused(this::tokensOfHe).hasMessageContaining("bos_token \"<nobody>\" is no one token");
        tokenizerConfig("{\"add_bos_token\": ");
        assertRefused(this::tokensOfHe).hasMessageContaining("tokenizer_config.json: not valid JSON");
    }

    @Test
    void aPointerOfGitLfsInPlaceOfTheTokenizerIsCalledThat() throws IOException {
        Files.writeString(
                model.resolve("tokenizer.json"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
        assertRefused(this::tokensOfHe).hasMessageContaining("Git LFS").hasMessageContaining("git lfs pull");
    }

    @Test
    void missingFileIsRefused() {
        assertRefused(() -> tokens(folder.resolve("no.txt"))).hasMessageContaining("no.txt: no such file");
    }

    @Test
    void otherExtensionIsRefused() throws IOException {
        Path file = write("a.parquet", "x");

        assertRefused(() -> tokens(file)).hasMessageContaining("a.parquet: unknown kind of text");
    }

    @Test
    void brokenJsonIsRefusedWithItsLine() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"he\"}\n{\"text\": \"he\n");

        assertRefused(() -> tokens(file)).hasMessageContaining("a.jsonl:2: is not JSON");
    }

    @Test
    void lineThatIsNoObjectIsRefused() throws IOException {
        Path file = write("a.jsonl", "[\"he\"]\n");

        assertRefused(() -> tokens(file))
                .hasMessageContaining("a.jsonl:1: expected an object")
                .hasMessageContaining("array");
    }

    @Test
    void lineWithMoreThanOneObjectIsRefused() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"he\"} {\"text\": \"he\"}\n");

        assertRefused(() -> tokens(file)).hasMessageContaining("a.jsonl:1: expected one object a line");
    }

    @Test
    void missingTextFieldIsRefusedWithItsLine() throws IOException {
        Path file = write("a.jsonl", "\n{\"txt\": \"he\"}\n");

        assertRefused(() -> tokens(file)).hasMessageContaining("a.jsonl:2: expected a text field, found none");
    }

    @Test
    void textFieldThatIsNoStringIsRefusedWithItsLine() throws IOException {
        Path file = write("a.jsonl", "{\"text\": 3}\n");

        assertRefused(() -> tokens(file))
                .hasMessageContaining("a.jsonl:1: expected a string")
                .hasMessageContaining("a number");
    }

    /** As Python's reader has it. */
    @Test
    void ofTwoTextFieldsTheLastCounts() throws IOException {
        assertThat(tokens(write("a.jsonl", "{\"text\": \"ll\", \"text\": \"he\"}")))
                .containsExactly(BOS, HE);
    }

    @Test
    void aByteOrderMarkIsNoPartOfAText() throws IOException {
        assertThat(tokens(write("a.jsonl", "\uFEFF{\"text\": \"he\"}\r\n\r\n{\"text\": \"ll\"}\r\n")))
                .containsExactly(BOS, HE, BOS, LL);
        assertThat(tokens(write("a.txt", "\uFEFFhe"))).containsExactly(BOS, HE);
        assertThat(tokens(write("a.ids", "\uFEFF7 8"))).containsExactly(7, 8);
        assertThat(tokens(write("b.txt", "\uFEFF"))).isEmpty();
    }

    @Test
    void textOfUtf16IsRefusedByItsName() throws IOException {
        Path file = folder.resolve("a.txt");
        Files.write(file, "he".getBytes(StandardCharsets.UTF_16));

        assertRefused(() -> tokens(file)).hasMessageContaining("a.txt: is UTF-16 or UTF-32 text");
    }

    @Test
    void whatPythonsReaderTakesInOtherFieldsIsTaken() throws IOException {
        assertThat(tokens(write("a.jsonl", "{\"score\": NaN, \"least\": -Infinity, \"text\": \"he\", \"x\": [1e400]}")))
                .containsExactly(BOS, HE);
    }

    @Test
    void aPointerOfGitLfsInPlaceOfATextIsCalledThat() throws IOException {
        Path file = write("a.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");

        assertRefused(() -> tokens(file)).hasMessageContaining("git lfs pull");
    }

    @Test
    void textThatIsNotUtf8IsRefused() throws IOException {
        for (String name : List.of("a.txt", "a.jsonl", "a.ids")) {
            Path file = folder.resolve(name);
            Files.write(file, new byte[] {'{', '"', (byte) 0xFF});

            assertRefused(() -> tokens(file)).hasMessageContaining(name + ": is not UTF-8");
        }
    }

    @Test
    void wordAmongIdsIsRefusedWithItsLine() throws IOException {
        Path file = write("a.ids", "1 2\n3 four\n");

        assertRefused(() -> tokens(file)).hasMessageContaining("a.ids:2:").hasMessageContaining("\"four\"");
    }

    @Test
    void endlessWordAmongIdsIsCutInTheMessage() throws IOException {
        Path file = write("a.ids", "9".repeat(1_000_000));

        assertRefused(() -> tokens(file))
                .message()
                .hasSizeLessThan(folder.toString().length() + 200);
    }

    @Test
    void idOutsideTheVocabularyIsRefused() throws IOException {
        for (String id : List.of("259", "-1", "99999999999")) {
            Path file = write("a.ids", "1\n" + id);

            assertRefused(() -> tokens(file))
                    .hasMessageContaining("a.ids:2: token id " + id)
                    .hasMessageContaining("0 to 258");
        }
    }

    @Test
    void tokenizerWithMoreIdsThanTheModelIsRefused() throws IOException {
        Path file = write("a.txt", "he");

        assertRefused(() -> TokenSource.of(file, model, HE).forEach(token -> {}))
                .hasMessageContaining("tokenizer.json: yields token id 257");
    }

    @Test
    void missingTokenizerIsRefused() throws IOException {
        Files.delete(model.resolve("tokenizer.json"));
        Path file = write("a.txt", "he");

        assertRefused(() -> tokens(file)).hasMessageContaining("tokenizer.json: no such file");
    }

    @Test
    void brokenTokenizerIsRefused() throws IOException {
        Path file = write("a.txt", "he");
        for (String broken : List.of("", "{", "{}", "{\"model\": {\"type\": \"none\"}}", "\0")) {
            Files.writeString(model.resolve("tokenizer.json"), broken);

            assertRefused(() -> tokens(file)).hasMessageContaining("tokenizer.json: is not a Hugging Face tokenizer");
        }
    }

    private List<Integer> tokens(Path file) {
        List<Integer> tokens = new ArrayList<>();
        TokenSource.of(file, model, VOCABULARY).forEach(tokens::add);
        return tokens;
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(ThrowingCallable call) {
        return assertThatThrownBy(call).isInstanceOfSatisfying(BlocksmithException.class, e -> {
            assertThat(e.category()).isEqualTo(Category.USER);
            assertThat(e.getMessage()).doesNotContain("\n");
        });
    }
}
