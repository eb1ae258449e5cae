package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real trained Llama against the perplexities of an independent implementation of the paper in PyTorch: 2 bits, one group
 * a row, 256 windows of 256 tokens, all learning rates 1e-3, no best state.
 */
@Tag("shared-data")
class OracleTest {
    private static final double TOLERANCE = 1.02;

    @TempDir
    Path folder;

    @Test
    void stories260KReachesThePerplexitiesOfTheIndependentImplementation() throws IOException {
        Path data = SharedData.folder();
        List<String> line = new ArrayList<>(List.of(
                "quantize",
                "--model",
                data.resolve("models/stories260K-hf").toString(),
                "--calibration",
                data.resolve("text/tinystories_train.jsonl").toString(),
                "--evaluation",
                data.resolve("text/tinystories_valid.jsonl").toString(),
                "--out",
                folder.resolve("run").toString(),
                "--bits",
                "2",
                "--group-size",
                "-1",
                "--json"));
        for (String assignment : List.of(
                "calibration.sequence-length=256",
                "calibration.train-samples=256",
                "calibration.order=file",
                "block-ap.learning-rates.weights=1e-3",
                "block-ap.learning-rates.step-sizes=1e-3",
                "block-ap.learning-rates.zero-points=1e-3",
                "block-ap.keep-best=false",
                "end-to-end.samples=256",
                "end-to-end.sequence-length=256",
                "end-to-end.learning-rates.step-sizes=1e-3",
                "end-to-end.keep-best=false",
                "evaluation.context=256",
                "evaluation.windows=200",
                "exports=[dequantized]",
                "compute.device=cpu",
                "compute.threads=2")) {
            line.add("--set");
            line.add(assignment);
        }

        CommandLineRun run = CommandLineRun.of(line.toArray(String[]::new));

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode perplexity = new ObjectMapper().readTree(run.out()).path("perplexity");
        System.out.println("stories260K, 2 bits, 256 windows: " + perplexity);
        assertThat(perplexity.path("full-precision").asDouble()).isBetween(3.585, 3.595);
        assertThat(perplexity.path("round-to-nearest").asDouble()).isBetween(448.2 / TOLERANCE, 448.2 * TOLERANCE);
        assertThat(perplexity.path("block-ap").asDouble()).isLessThanOrEqualTo(9.882 * TOLERANCE);
        assertThat(perplexity.path("end-to-end").asDouble()).isLessThanOrEqualTo(9.175 * TOLERANCE);

        CommandLineRun export = CommandLineRun.of(
                "eval",
                "--model",
                folder.resolve("run/export/dequantized").toString(),
                "--text",
                data.resolve("text/tinystories_valid.jsonl").toString(),
                "--context",
                "256",
                "--windows",
                "200",
                "--device",
                "cpu",
                "--threads",
                "2",
                "--json");

        assertThat(export.exitCode()).as(export.err()).isZero();
        double exported =
                new ObjectMapper().readTree(export.out()).path("perplexity").asDouble();
        double trained = perplexity.path("end-to-end").asDouble();
        assertThat(exported).isBetween(trained * 0.9999, trained * 1.0001);
    }
}
