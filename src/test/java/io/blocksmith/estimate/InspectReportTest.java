package io.blocksmith.estimate;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.ModelShapes;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class InspectReportTest {
    private static final LlamaConfig CONFIG = ModelShapes.named("llama-2-7b");
    private static final Recipe RECIPE = RunEstimateTest.papers();
    private static final RunEstimate ESTIMATE = RunEstimate.of(CONFIG, 2 * CONFIG.parameters(), TensorType.F16, RECIPE);
    private static final InspectReport REPORT = InspectReport.of("llama-2-7b", CONFIG, RECIPE, ESTIMATE, 1);

    @Test
    void peopleReadAlignedFigures() {
        assertThat(REPORT.text())
                .contains("  parameters                    6,738,415,616\n")
                .contains("  checkpoint                         12.6 GiB\n")
                .contains("  workers at once                           1\n")
                .contains("  bits per quantized weight             2.281\n")
                .containsPattern("at 100 TFLOP/s +[0-9.]+ h");
        assertThat(REPORT.text().lines().filter(line -> line.startsWith("  ")).map(String::length))
                .containsOnly(45);
    }

    @Test
    void programsReadPlainNumbers() {
        Map<String, Object> json = REPORT.json();
        assertThat(json)
                .extractingByKey("model")
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("parameters", 6_738_415_616L);
        assertThat(json)
                .extractingByKey("device-memory")
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("block-ap-bytes", ESTIMATE.blockAp().total());
        assertThat(json)
                .extractingByKey("arithmetic")
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("hours-at-100-tflops", ESTIMATE.hours(100e12));
    }
}
