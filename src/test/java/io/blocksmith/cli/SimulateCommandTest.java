package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line of {@code simulate}; the figures themselves are those of {@code SimulatedRunTest}. */
class SimulateCommandTest {

    private static CommandLineRun simulate(String... more) {
        List<String> line = new ArrayList<>(List.of("simulate", "--model", "llama-2-70b"));
        line.addAll(List.of(more));
        return CommandLineRun.of(line.toArray(String[]::new));
    }

    private static JsonNode json(String... more) throws JsonProcessingException {
        List<String> line = new ArrayList<>(List.of(more));
        line.add("--json");
        CommandLineRun result = simulate(line.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.err()).isZero();
        return Json.MAPPER.readTree(result.out());
    }

    @Test
    void aRowForEachCombination() throws JsonProcessingException {
        JsonNode rows = json(
                        "--step-seconds=0.5",
                        "--nodes=1,2",
                        "--segments=auto,3",
                        "--checkpoint-interval=60s,10m",
                        "--trials=1")
                .get("rows");

        assertThat(rows)
                .extracting(row -> row.get("nodes") + " " + row.get("segments") + " " + row.get("checkpointSeconds"))
                .containsExactly(
                        "1 1 60.0",
                        "1 1 600.0",
                        "1 3 60.0",
                        "1 3 600.0",
                        "2 2 60.0",
                        "2 2 600.0",
                        "2 3 60.0",
                        "2 3 600.0");
        assertThat(rows.get(0).get("speedUp").asDouble()).isEqualTo(1);
        assertThat(rows.get(0).get("failures").asInt()).isZero();
        assertThat(rows.get(1).get("trafficBytes").get("checkpoints").asDouble())
                .isLessThan(rows.get(0).get("trafficBytes").get("checkpoints").asDouble());
    }

    /** The step time of README.md, which makes one device without failures and without a store take the paper's time. */
    @Test
    void thePapersTimeOnOneDevice() throws JsonProcessingException {
        JsonNode row = json(
                        "--config=conf/llama-2-70b-w2g64-8-segments.conf",
                        "--step-seconds=0.1642",
                        "--segments=1",
                        "--store-bandwidth=Infinity",
                        "--local-bandwidth=Infinity")
                .get("rows")
                .get(0);

        assertThat(row.get("makespanSeconds").asDouble() / 3600).isEqualTo(41.0, within(0.05));
    }

    @Test
    void stepSecondsAndDeviceFlopsAreTwoWordsForOneRate() throws JsonProcessingException {
        JsonNode measured = json("--step-seconds=0.5");
        double rate = measured.get("flopsPerSecond").asDouble();

        JsonNode given = json("--device-flops=" + rate / 1e12);

        assertThat(given.get("rows").get(0).get("makespanSeconds").asDouble())
                .isEqualTo(measured.get("rows").get(0).get("makespanSeconds").asDouble(), within(1.0));
        assertThat(measured.get("rate").asText()).contains("--step-seconds 0.5");
        assertThat(given.get("rate").asText()).contains("--device-flops");
    }

    @Test
    void theTableSaysWhatWasAssumed() {
        CommandLineRun result =
                simulate("--step-seconds=0.5", "--nodes=4", "--mtbf=2h", "--coordinator-mtbf=1d", "--trials=3");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains(
                        "nodes segments",
                        "goodput",
                        "3 runs each, seeds 1 to 3",
                        "Assumed, not measured:",
                        "completed");
    }

    @Test
    void aRunThatCannotEndSaysWhy() {
        // A pass over all samples takes longer than a node lasts, and nothing of it is saved.
        CommandLineRun result = simulate("--step-seconds=0.5", "--mtbf=3m", "--trials=2");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("0 of 2 completed; stopped: ", "5 workers in a row without progress");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--mtbf=1h --restart=none",
                "--coordinator-mtbf=1h --takeover=none",
                "--mtbf=1h --restart=none --detection=none",
                "--store-bandwidth=1e-12",
                "--local-bandwidth=1e-12"
            })
    void aRunThatComesToAStandstillIsGivenUp(String options) {
        List<String> line = new ArrayList<>(List.of(options.split(" ")));
        line.addAll(List.of("--step-seconds=0.5", "--trials=1"));
        CommandLineRun result = simulate(line.toArray(String[]::new));

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out())
                .contains("0 of 1 completed; given up: nothing can happen any more, or not within ten years")
                .doesNotContain("NaN");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        --step-seconds=0.3 --nodes=0            | --nodes 0: expected 1 to
        --step-seconds=0                        | --step-seconds 0.0: expected a number above 0
        --device-flops=-3                       | --device-flops -3.0: expected a number above 0
        --nodes=2                               | give one of --step-seconds
        --step-seconds=1 --device-flops=1       | give one of --step-seconds
        --step-seconds=1 --segments=81          | --segments 81: expected auto, or 1 to 80
        --step-seconds=1 --segments=few         | --segments few: expected auto, or 1 to 80
        --step-seconds=1 --mtbf=4               | --mtbf 4: expected a duration above 0 like 90s
        --step-seconds=1 --mtbf=4x              | --mtbf 4x: expected a duration above 0 like 90s
        --step-seconds=1 --restart=0s           | --restart 0s: expected a duration above 0 like 90s
        --step-seconds=1 --store-bandwidth=-1   | --store-bandwidth -1.0: expected a number above 0
        --step-seconds=1 --local-bandwidth=NaN  | --local-bandwidth NaN: expected a number above 0
        --step-seconds=1 --trials=0             | --trials 0
        --step-seconds=1 --mtbf=4h --nodes=1,2 --trials=2147483647 | --trials 2147483647 for 2 rows
        --step-seconds=1 --set=no.such.key=1    | there is no such key
        """)
    void wrongInputIsOneClearLine(String options, String message) {
        CommandLineRun result = simulate(options.strip().split(" +"));

        assertThat(result.errorLine()).contains(message).doesNotContain(" AND ");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void anUnknownModelIsNamed() {
        CommandLineRun result = CommandLineRun.of("simulate", "--model", "llama-9", "--step-seconds", "1");

        assertThat(result.errorLine()).contains("no shape is called llama-9");
        assertThat(result.exitCode()).isEqualTo(2);
    }
}
