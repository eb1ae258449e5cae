package io.blocksmith.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.failure.Category;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of a block that training did no good. */
class BlockQualityTest {
    private static final Duration NEVER = Duration.ofHours(1);

    @TempDir
    Path folder;

    @Test
    void aBlockThatTrainingMadeWorseIsRecorded() {
        BlockRun run = new BlockRun(folder, "block-ap.keep-best=false", "block-ap.learning-rates.weights=1");

        assertThat(run.attempt(1, NEVER, 0).figure(Figures.WORSENED)).isGreaterThan(1);
    }

    @Test
    void aBlockWhoseBestStateIsKeptIsNotWorse() {
        BlockRun run = new BlockRun(folder, "block-ap.learning-rates.weights=1");

        assertThat(run.attempt(1, NEVER, 0).figure(Figures.WORSENED)).isNaN();
    }

    @Test
    void aTrainingThatIsNotFiniteNamesItsBlock() {
        BlockRun run = new BlockRun(folder, "block-ap.learning-rates.weights=1e38");

        assertThat(run.attempt(1, NEVER, 0).failure().orElseThrow())
                .hasMessageStartingWith("block 0: ")
                .hasMessageContaining("last training losses")
                .extracting("category")
                .isEqualTo(Category.NOT_FINITE);
    }
}
