package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PromQlTest {
    private static final String EXPRESSION =
            """
            histogram_quantile(0.95, sum by (run, le) (rate(a_seconds_bucket{run=~"$run", stage!="b{c}"}[$__rate_interval])))
            / on (run) group_left () 1e3 * max_over_time(level:d:max[1h:1m] offset 5m) > bool 2 or vector(0) unless up
            """;

    @Test
    void namesOfMetricsAreThoseThatAreNoFunctionsLabelsOrTexts() {
        assertThat(PromQl.metrics(EXPRESSION)).containsExactlyInAnyOrder("a_seconds_bucket", "level:d:max", "up");
    }

    @Test
    void labelsAreThoseOfMatchersAndGroupings() {
        assertThat(PromQl.labels(EXPRESSION)).containsExactlyInAnyOrder("run", "le", "stage");
    }
}
