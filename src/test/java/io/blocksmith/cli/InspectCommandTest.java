package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The disk that {@code inspect} tells, for so many workers. */
class InspectCommandTest {
    private static JsonNode disk(String... more) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("inspect", "llama-2-70b", "--set", "block-ap.segments=8", "--json"));
        arguments.addAll(List.of(more));
        CommandLineRun run = CommandLineRun.of(arguments.toArray(String[]::new));
        assertThat(run.exitCode()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out()).path("disk");
    }

    @Test
    void itIsForAWorkerOfEachSegmentOrForAsManyAsAreGiven() throws IOException {
        JsonNode all = disk();
        JsonNode one = disk("--workers", "1");
        JsonNode more = disk("--workers", "100");

        assertThat(all.path("workers").asInt()).isEqualTo(8);
        assertThat(one.path("workers").asInt()).isEqualTo(1);
        assertThat(more).isEqualTo(all);
        long stream = all.path("stream-bytes").asLong();
        assertThat(stream).isPositive();
        assertThat(all.path("boundary-bytes").asLong()
                        - one.path("boundary-bytes").asLong())
                .isEqualTo(2 * 7 * stream);
        assertThat(all.path("training-checkpoint-bytes").asLong())
                .isEqualTo(8 * one.path("training-checkpoint-bytes").asLong());
    }

    @Test
    void aCheckpointOfTrainingOneBlockOfA70BModelHas13GiB() throws IOException {
        long three = disk("--workers", "1").path("training-checkpoint-bytes").asLong();
        assertThat(three / 3.0 / (1L << 30)).isCloseTo(13.15, within(0.005));
    }

    @Test
    void noWorkerIsRefused() {
        CommandLineRun run = CommandLineRun.of("inspect", "llama-2-70b", "--workers", "0");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.errorLine()).contains("--workers 0: give at least 1");
    }
}
