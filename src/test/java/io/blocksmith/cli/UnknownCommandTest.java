package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A word that is no command is an error, whatever stands behind it. */
class UnknownCommandTest {
    @ParameterizedTest
    @CsvSource({
        "quantise --help, there is no command quantise. Did you mean quantize? See blocksmith --help",
        "quantise --model x, there is no command quantise. Did you mean quantize? See blocksmith --help",
        "bench blok -h, there is no command blok. Did you mean block? See blocksmith bench --help",
        "STATUS --version, there is no command STATUS."
    })
    void isNamedWithTheNearest(String line, String message) {
        CommandLineRun run = CommandLineRun.of(line.split(" "));

        assertThat(run.errorLine()).startsWith("blocksmith: " + message).doesNotContain(" AND ");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"--help", "bench --help", "bench block --help", "quantize --help"})
    void commandsThatExistAreNot(String line) {
        assertThat(CommandLineRun.of(line.split(" ")).exitCode()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "bench block --set exports=[gptq], bench block: --set exports=[gptq] has no effect",
        "bench block --set block-ap.epochs=3, bench block: --set block-ap.epochs=3 has no effect",
        "inspect smollm2-135m --set metrics.port=9464, inspect: --set metrics.port=9464 has no effect",
        "inspect smollm2-135m --set quantization.bitz=2, configuration: quantization.bitz",
        "quantize --out run --model m --calibration c.txt --set s3.region=x, quantize: --set s3.region=x has no effect"
    })
    void aKeyThatACommandHasNoUseForIsRefused(String line, String message) {
        CommandLineRun run = CommandLineRun.of(line.split(" "));

        assertThat(run.err()).contains(message);
        assertThat(run.exitCode()).isEqualTo(2);
    }
}
