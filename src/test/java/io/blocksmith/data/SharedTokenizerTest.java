package io.blocksmith.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokenizer of a real model, against token ids that another implementation computed. */
@Tag("shared-data")
class SharedTokenizerTest {
    private static final int VOCABULARY = 512;

    @TempDir
    private Path folder;

    private Path shared;

    @BeforeEach
    void findSharedData() {
        shared = Path.of(System.getProperty("blocksmith.shared.data", "absent"));
        if (!Files.isDirectory(shared)) {
            System.out.println("SharedTokenizerTest skipped: blocksmith.shared.data = " + shared + " is no folder");
        }
        assumeTrue(Files.isDirectory(shared), "no shared data");
    }

    @Test
    void referenceTextStartsWithTheReferenceTokens() {
        Path golden = shared.resolve("models/stories260K-golden");
        List<Integer> expected = new ArrayList<>();
        // The reference ids are a .txt file; only its name keeps it from being a source of ids.
        copyOf(golden.resolve("ref_ids.txt"), "ref.ids").forEach(expected::add);

        List<Integer> tokens = tokens(golden.resolve("ref_text.txt"));

        // The text goes on (728 tokens) where the reference stops: at 512 tokens, the model's context.
        assertThat(expected).hasSize(512);
        assertThat(tokens.subList(0, 512)).isEqualTo(expected);
    }

    @Test
    void everyStoryStartsWithBos() throws IOException {
        Path stories = shared.resolve("text/tinystories_valid.jsonl");
        long lines;
        try (var text = Files.lines(stories)) {
            lines = text.count();
        }

        List<Integer> tokens = tokens(stories);

        assertThat(tokens.getFirst()).isEqualTo(1);
        assertThat(tokens.stream().filter(token -> token == 1).count()).isEqualTo(lines);
    }

    private List<Integer> tokens(Path text) {
        List<Integer> tokens = new ArrayList<>();
        TokenSource.of(text, shared.resolve("models/stories260K-hf"), VOCABULARY)
                .forEach(tokens::add);
        return tokens;
    }

    private TokenSource copyOf(Path ids, String name) {
        try {
            return TokenSource.of(Files.copy(ids, folder.resolve(name)), folder, VOCABULARY);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
