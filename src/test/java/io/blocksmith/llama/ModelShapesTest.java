package io.blocksmith.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelShapesTest {
    /** Totals as the models' own cards give them. */
    @ParameterizedTest
    @CsvSource({
        "smollm2-135m, 134515008",
        "tinyllama-1.1b, 1100048384",
        "llama-2-7b, 6738415616",
        "llama-2-13b, 13015864320",
        "llama-2-70b, 68976648192",
        "llama-3-8b, 8030261248",
        "llama-3-70b, 70553706496"
    })
    void aShapeHasThePublishedNumberOfParameters(String name, long parameters) {
        assertThat(ModelShapes.named(name).parameters()).isEqualTo(parameters);
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnes() {
        assertThatThrownBy(() -> ModelShapes.named("llama-9"))
                .isInstanceOf(BlocksmithException.class)
                .hasMessageContaining("llama-9")
                .hasMessageContaining("smollm2-135m, tinyllama-1.1b, llama-2-7b");
    }
}
