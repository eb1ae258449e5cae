package io.blocksmith.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cluster of the other tests, when nothing happens to it. */
class QuietClusterTest {
    @TempDir
    Path folder;

    @Test
    void threeCoordinatorsAndTwoWorkersExportTheBytesOfOneProcess() throws IOException, InterruptedException {
        TinyRecipe recipe = TinyRecipe.in(folder, 3, 2);
        SortedMap<String, String> expected = recipe.undisturbed();
        try (TestCluster cluster = TestCluster.start(folder, 3, 2, Map.of())) {
            cluster.submit(recipe.named("first"));
            cluster.awaitCompleted("first");
            assertThat(TinyRecipe.exports(cluster.runs().resolve("first"))).isEqualTo(expected);
        }
    }
}
