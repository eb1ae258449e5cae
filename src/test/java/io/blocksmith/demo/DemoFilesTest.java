package io.blocksmith.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.data.TokenSource;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFilesTest {
    @TempDir
    private static Path folder;

    private static DemoFiles files;

    @BeforeAll
    static void unpack() {
        files = DemoFiles.unpack(folder.resolve("demo"));
    }

    @Test
    void theBundledModelOpensAndIsSmall() throws IOException {
        try (CheckpointWeights weights = CheckpointWeights.open(files.model())) {
            assertThat(weights.config()).isEqualTo(DemoModel.config(DemoModel.VOCABULARY));
            assertThat(weights.config().parameters()).isBetween(1_000_000L, 2_000_000L);
        }
        assertThat(Files.size(files.model().resolve("model.safetensors"))).isLessThan(3_000_000);
    }

    @Test
    void everyWidthIsAMultipleOf64() {
        LlamaConfig config = DemoModel.config(DemoModel.VOCABULARY);
        for (Linear linear : Linear.values()) {
            assertThat(config.columns(linear) % 64).isZero();
            assertThat(config.rows(linear) % 64).isZero();
        }
    }

    @Test
    void theTextsAreEnoughForTheDemo() {
        assertThat(tokens(files.calibration())).isGreaterThan((512 + 64) * 128);
        assertThat(tokens(files.evaluation())).isGreaterThan(100 * 128);
    }

    @Test
    void noStoryIsInBothTexts() {
        List<String> calibration = TextLines.read(files.calibration());

        assertThat(TextLines.read(files.evaluation()))
                .doesNotContainAnyElementsOf(calibration)
                .doesNotHaveDuplicates();
    }

    private static int tokens(Path text) {
        int[] count = {0};
        TokenSource.of(text, files.model(), DemoModel.VOCABULARY).forEach(_ -> count[0]++);
        return count[0];
    }
}
