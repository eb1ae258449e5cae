package io.blocksmith.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.blocksmith.spec.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The documentation of keys: the reference, the README's table, the example recipes. */
class ReferenceTest {
    private static final Path README = Path.of("README.md");
    private static final String BEGIN = "<!-- configuration -->\n";
    private static final String END = "<!-- /configuration -->";
    /** Keys that are no part of a recipe. */
    private static final List<String> OPERATIONS =
            List.of("compute.", "checkpoint.", "run.", "cluster.", "patience.", "s3.", "metrics.", "http.", "webhook.");

    @Test
    void theReferenceHoldsExactlyTheKeysThatExist() {
        assertThat(ConfigTable.leaves().keySet())
                .containsExactlyInAnyOrderElementsOf(SettingsLoader.keys().leaves());
    }

    @Test
    void everyKeyOfTheReferenceIsExplained() {
        assertThat(ConfigTable.leaves())
                .allSatisfy((key, value) ->
                        assertThat(ConfigTable.meaning(value)).as(key).endsWith("."));
    }

    /** With {@code -Dreadme=write} the table is written instead of compared. */
    @Test
    void theReadmeHoldsTheTableOfTheReference() throws IOException {
        String readme = Files.readString(README);
        Assumptions.assumeTrue(readme.contains(BEGIN), "README.md has no configuration section yet");
        int from = readme.indexOf(BEGIN) + BEGIN.length();
        int to = readme.indexOf(END, from);
        if ("write".equals(System.getProperty("readme"))) {
            Files.writeString(README, readme.substring(0, from) + ConfigTable.markdown() + readme.substring(to));
            return;
        }
        assertThat(readme.substring(from, to))
                .as("README.md, configuration section; write it with: ./mvnw test -Dtest=ReferenceTest -Dreadme=write")
                .isEqualTo(ConfigTable.markdown());
    }

    /** Encryption wants variables that only a node has; ClusterTlsTest reads it. */
    static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("conf"))) {
            return files.filter(path -> path.toString().endsWith(".conf"))
                    .filter(path -> !path.endsWith("cluster-tls.conf"))
                    .sorted()
                    .toList();
        }
    }

    /** The examples that are no settings of nodes. */
    static List<Path> recipes() throws IOException {
        return examples().stream()
                .filter(path -> !ConfigFactory.parseFile(path.toFile()).hasPath("cluster"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anExampleLoads(Path example) {
        Recipe recipe =
                SettingsLoader.load(Optional.of(example), List.of(), Map.of()).recipe();
        assertThat(recipe).isNotNull();
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void anExampleSetsEveryKeyOfTheRecipe(Path example) {
        List<String> recipeKeys = SettingsLoader.keys().leaves().stream()
                .filter(key -> OPERATIONS.stream().noneMatch(key::startsWith))
                .toList();
        assertThat(ConfigFactory.parseFile(example.toFile()).entrySet().stream().map(Map.Entry::getKey))
                .containsExactlyInAnyOrderElementsOf(recipeKeys);
    }

    @Test
    void thePapersMainSettingIsTheDefault() {
        Path example = Path.of("conf/llama-2-7b-w2g64.conf");
        assertThat(SettingsLoader.load(Optional.of(example), List.of(), Map.of()))
                .isEqualTo(SettingsLoader.defaults());
    }
}
