package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job, from the command line to the files, on a small random model. */
class QuantizeCommandTest {
    @TempDir
    Path folder;

    @Test
    void aModelBecomesExportsAndAReport() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(3), TensorType.BF16);
        Path run = folder.resolve("run");

        CommandLineRun first = tiny.run(run, "--json");

        assertThat(first.exitCode()).as(first.err()).isZero();
        JsonNode answer = new ObjectMapper().readTree(first.out());
        assertThat(answer.path("state").asText()).isEqualTo("completed");
        assertThat(answer.path("perplexity").propertyStream().map(entry -> entry.getKey()))
                .containsExactly("full-precision", "round-to-nearest", "block-ap", "end-to-end");
        assertThat(run.resolve("export/gptq/model.safetensors")).exists();
        assertThat(run.resolve("export/gptq/config.json")).content().contains("gptq_v2");
        assertThat(run.resolve("export/dequantized/model.safetensors")).exists();
        assertThat(run.resolve("report.html")).content().contains("perplexity");
        assertThat(new ObjectMapper()
                        .readTree(run.resolve("report.json").toFile())
                        .path("blocks"))
                .hasSize(3);
        assertThat(first.err()).contains("block 1/3", "block 3/3", "E2E-QP", "export gptq");
        assertThat(files(run.resolve("boundaries")))
                .as("hidden states nobody will read")
                .isEmpty();
        assertThat(run.resolve("scratch")).doesNotExist();
    }

    @Test
    void theSameCommandTwiceGivesTheSameBytesInEveryExportedFile() throws IOException {
        TinyRun tiny = TinyRun.in(folder, TinyModel.everyOption(3), TensorType.F32);
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");

        assertThat(tiny.run(first).exitCode()).isZero();
        assertThat(tiny.run(second).exitCode()).isZero();

        List<Path> exported = files(first.resolve("export"));
        assertThat(exported).hasSizeGreaterThan(4);
        for (Path file : exported) {
            assertThat(second.resolve(first.relativize(file))).hasSameBinaryContentAs(file);
        }
    }

    @Test
    void aFinishedRunAnswersAgainWithoutWork() {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        Path run = folder.resolve("run");
        CommandLineRun first = tiny.run(run);

        CommandLineRun again = CommandLineRun.of("quantize", "--out", run.toString());

        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(again.out()).isEqualTo(first.out());
        assertThat(again.err()).doesNotContain("block 1/2");
    }

    @Test
    void aChangedRecipeOnAnExistingRunIsRefusedWithTheDifference() {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        Path run = folder.resolve("run");
        tiny.run(run);

        CommandLineRun changed = tiny.run(run, "--set", "seed=7");

        assertThat(changed.exitCode()).isEqualTo(2);
        assertThat(changed.err()).contains("seed: 0 in the run folder, 7 now");
    }

    @Test
    void segmentsWithARepairPassEndInAModelToo() {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(4), TensorType.F16);
        Path run = folder.resolve("run");

        CommandLineRun result =
                tiny.run(run, "--set", "block-ap.segments=2", "--set", "block-ap.repair.samples=8", "--json");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.err()).contains("repair 1/4", "repair 4/4");
        assertThat(run.resolve("export/gptq/model.safetensors")).exists();
    }

    @Test
    void everyAblationOfTheRecipeRuns() {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(2), TensorType.F32);
        List<String[]> ablations = List.of(
                new String[] {"--set", "block-ap.train=step-sizes", "--set", "end-to-end.train=zero-points"},
                new String[] {"--set", "block-ap.train=\"step-sizes+zero-points\"", "--set", "end-to-end.train=both"},
                new String[] {"--set", "block-ap.train=rounding", "--set", "quantization.symmetric=true"},
                new String[] {"--set", "calibration.activations=float16", "--bits", "3"},
                new String[] {"--set", "block-ap.epochs=0", "--set", "end-to-end.epochs=0", "--bits", "8"});
        for (int i = 0; i < ablations.size(); i++) {
            CommandLineRun result = tiny.run(folder.resolve("run-" + i), ablations.get(i));

            assertThat(result.exitCode()).as(result.err()).isZero();
        }
    }

    private static List<Path> files(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            return paths.filter(Files::isRegularFile).toList();
        }
    }
}
