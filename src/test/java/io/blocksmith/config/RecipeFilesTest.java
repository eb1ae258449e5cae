package io.blocksmith.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration reads bounded files, and nothing else. */
class RecipeFilesTest {
    @TempDir
    Path folder;

    private Settings load(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("recipe.conf"), text);
        return SettingsLoader.load(Optional.of(file), List.of(), Map.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "include url(\"http://127.0.0.1:1/recipe.conf\")",
                "include required(url(\"https://127.0.0.1:1/recipe.conf\"))",
                "include \"http://127.0.0.1:1/recipe.conf\"",
                "include \"file:///etc/passwd\"",
                "include url(\"file:///etc/passwd\")",
                "include \"jar:http://127.0.0.1:1/a.jar!/b.conf\"",
                "include classpath(\"cluster.conf\")",
                "quantization { include url(\"http://127.0.0.1:1/q.conf\") }"
            })
    void nothingIsFetched(String line) {
        assertThatThrownBy(() -> load(line))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("a configuration includes files only, nothing is fetched");
    }

    @Test
    void anAssignmentFetchesNothingEither() {
        assertThatThrownBy(() -> SettingsLoader.load(
                        Optional.empty(),
                        List.of("quantization={include url(\"http://127.0.0.1:1/q.conf\")}"),
                        Map.of()))
                .hasMessageContaining("nothing is fetched");
    }

    @Test
    void filesBesideItAreIncluded() throws IOException {
        Files.writeString(folder.resolve("base.conf"), "seed = 7");
        Files.writeString(folder.resolve("more.conf"), "quantization.bits = 3");

        Settings settings = load("include \"base.conf\"\ninclude required(file(\"%s\"))\ninclude \"absent.conf\""
                .formatted(folder.resolve("more.conf")));

        assertThat(settings.recipe().seed()).isEqualTo(7);
        assertThat(settings.recipe().quantization().bits()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{a", "[", "a."})
    void whatIsNestedTooDeeplyIsRefusedBeforeItIsParsed(String piece) {
        String text = "x = " + piece.repeat(20_000);
        assertThatThrownBy(() -> load(piece.equals("a.") ? piece.repeat(20_000) + "b = 1" : text))
                .hasMessageContaining("nested more than 64 deep");
        assertThatThrownBy(() -> {
                    Files.writeString(folder.resolve("deep.conf"), piece.repeat(20_000) + "b = 1");
                    load("include \"deep.conf\"");
                })
                .hasMessageContaining("deep.conf: nested more than 64 deep");
    }

    @Test
    void aFileOfMegabytesIsRefused() {
        assertThatThrownBy(() -> load("# " + "x".repeat(2 << 20)))
                .hasMessageContaining("a configuration file has at most");
    }

    @Test
    void aFileThatIncludesItselfEnds() {
        assertThatThrownBy(() -> load("include \"recipe.conf\"")).isInstanceOf(BlocksmithException.class);
    }
}
