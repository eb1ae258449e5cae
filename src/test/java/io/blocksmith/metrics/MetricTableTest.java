package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table of metrics. */
class MetricTableTest {
    private static final Path README = Path.of("README.md");
    private static final String BEGIN = "<!-- metrics -->\n";
    private static final String END = "<!-- /metrics -->";

    /** With {@code -Dreadme=write} the table is written instead of compared. */
    @Test
    void theReadmeHoldsTheTableOfMetricsAndPanels() throws IOException {
        String readme = Files.readString(README);
        assertThat(readme).contains(BEGIN, END);
        int from = readme.indexOf(BEGIN) + BEGIN.length();
        int to = readme.indexOf(END, from);
        if ("write".equals(System.getProperty("readme"))) {
            Files.writeString(README, readme.substring(0, from) + MetricTable.markdown() + readme.substring(to));
            return;
        }
        assertThat(readme.substring(from, to))
                .as("README.md, table of metrics; write it with: ./mvnw test -Dtest=MetricTableTest -Dreadme=write")
                .isEqualTo(MetricTable.markdown());
    }
}
