package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.llama.TinyModel;
import io.blocksmith.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose losses become infinite whatever is tried stops and says all that is known. */
class PoisonBlockTest {
    @TempDir
    static Path folder;

    private static Path run;
    private static CommandLineRun stopped;

    @BeforeAll
    static void runIntoInfinity() {
        TinyRun tiny = TinyRun.in(folder, TinyModel.config(3), TensorType.F32);
        run = folder.resolve("run");
        stopped = tiny.run(run, "--set", "block-ap.learning-rates.weights=1e30", "--set", "cluster.look-every=50ms");
    }

    @Test
    void itIsNotToBeRequeuedAndTheMessageSaysWhatToDo() {
        assertThat(stopped.exitCode()).as(stopped.err()).isEqualTo(93);
        assertThat(stopped.errorLine()).contains("block-000 failed 3 times", "half the learning rate");
        assertThat(stopped.err()).contains("to do: the recipe does not fit", "failure.json");
    }

    @Test
    void failureJsonNamesTheBlockItsAttemptsAndTheAdjustmentTried() throws IOException {
        JsonNode failure =
                new ObjectMapper().readTree(run.resolve("failure.json").toFile());

        assertThat(failure.path("version").asInt()).isEqualTo(1);
        assertThat(failure.path("stage").asText()).isEqualTo("block-000");
        assertThat(failure.path("block").asInt(-1)).isZero();
        assertThat(failure.path("category").asText()).isEqualTo("NOT_FINITE");
        assertThat(failure.path("what-to-do").asText()).contains("lower learning rates");
        JsonNode attempts = failure.path("attempts");
        assertThat(attempts).hasSize(3);
        JsonNode last = attempts.path(2);
        assertThat(last.path("worker").asText()).isEqualTo("embedded");
        assertThat(last.path("reason").asText()).isNotEmpty();
        assertThat(last.path("at").asText()).isNotEmpty();
        assertThat(last.path("adjustment").path("learning-rate-factor").asDouble())
                .isEqualTo(0.5);
    }

    @Test
    void statusShowsTheFailureToPeopleAndPrograms() throws IOException {
        CommandLineRun text = CommandLineRun.of("status", run.toString());
        CommandLineRun json = CommandLineRun.of("status", run.toString(), "--json");

        assertThat(text.out())
                .contains("stopped since", "block-000 attempt 3 on embedded", "to do", "nobody; the last was");
        JsonNode tree = new ObjectMapper().readTree(json.out());
        assertThat(tree.path("phase").asText()).isEqualTo("stopped");
        assertThat(tree.path("rest").path("cause").asText()).isEqualTo("failure");
        assertThat(tree.path("failure").path("block").asInt(-1)).isZero();
        assertThat(tree.path("failures")).hasSize(3);
        assertThat(tree.path("supervisor").path("pulse").asText()).isEqualTo("released");
    }

    @Test
    void theReportShowsWhyAndHowFarItCame() throws IOException {
        JsonNode report = new ObjectMapper().readTree(run.resolve("report.json").toFile());

        assertThat(report.path("stopped").path("stage").asText()).isEqualTo("block-000");
        assertThat(report.path("failures")).hasSize(3);
        assertThat(report.path("blocks")).isEmpty();
        assertThat(run.resolve("report.html")).content().contains("Why the run stopped");
    }
}
