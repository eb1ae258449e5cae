package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Measurement.Place;
import io.blocksmith.run.Measurement.Rates;
import io.blocksmith.run.Measurement.Work;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;
import io.prometheus.client.Collector.MetricFamilySamples;
import io.prometheus.client.CollectorRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AttemptMetricsTest {
    private static final Ticket BLOCK = new Ticket("r", new Stage.TrainBlock(7), 1, 1);
    private static final String[] ATTEMPT = {"r", "n", "train-block"};

    private final CollectorRegistry registry = new CollectorRegistry();
    private Instant now = Instant.ofEpochSecond(1000);
    private final AttemptMetrics metrics = new AttemptMetrics(registry, "n", Duration.ofMinutes(2), () -> now);

    @Test
    void aStepShowsWithAllThatIsKnownOfIt() {
        metrics.devicePeak(1e9);
        metrics.measured(BLOCK, new Measurement.Began());
        metrics.measured(BLOCK, step(3, 0.5, 0.25));

        assertThat(value(Metric.ATTEMPT_BLOCK, ATTEMPT)).isEqualTo(7);
        assertThat(value(Metric.ATTEMPT_EPOCH, ATTEMPT)).isEqualTo(1);
        assertThat(value(Metric.ATTEMPT_EPOCHS, ATTEMPT)).isEqualTo(2);
        assertThat(value(Metric.ATTEMPT_STEP, ATTEMPT)).isEqualTo(3);
        assertThat(value(Metric.ATTEMPT_STEPS, ATTEMPT)).isEqualTo(24);
        assertThat(value(Metric.TRAIN_LOSS, ATTEMPT)).isEqualTo(0.5);
        assertThat(value(Metric.GRADIENT_NORM, ATTEMPT)).isEqualTo(0.25);
        assertThat(value(Metric.LEARNING_RATE, "r", "n", "train-block", "weights"))
                .isEqualTo(1e-3);
        assertThat(value(Metric.LEARNING_RATE, "r", "n", "train-block", "step-sizes"))
                .isEqualTo(1e-4);
        assertThat(value(Metric.LEARNING_RATE, "r", "n", "train-block", "zero-points"))
                .as("frozen")
                .isNull();
        assertThat(value(Metric.STEPS_TOTAL, ATTEMPT)).isEqualTo(1);
        assertThat(value(Metric.TOKENS_TOTAL, ATTEMPT)).isEqualTo(64);
        assertThat(value(Metric.FLOPS_TOTAL, ATTEMPT)).isEqualTo(1e9);
        assertThat(value(Metric.DATA_WAIT_SECONDS_TOTAL, ATTEMPT)).isEqualTo(0.5);
        assertThat(value(Metric.COMPUTE_SECONDS_TOTAL, ATTEMPT)).isEqualTo(1.5);
        assertThat(value(Metric.DEVICE_PEAK_FLOPS, "n")).isEqualTo(1e9);
        assertThat(value(Metric.DEVICE_PEAK_RATIO, ATTEMPT)).isEqualTo(0.5);
        assertThat(sample(Metric.STEP_SECONDS, "_count", ATTEMPT)).isEqualTo(1);
        assertThat(sample(Metric.STEP_SECONDS, "_sum", ATTEMPT)).isEqualTo(2);
        assertThat(value(Metric.CHECKPOINT_INTERVAL_SECONDS, "n")).isEqualTo(120);
    }

    @Test
    void aNormThatNobodyLookedAtLeavesTheLastOne() {
        metrics.measured(BLOCK, new Measurement.Began());
        metrics.measured(BLOCK, step(1, 0.5, 0.25));
        metrics.measured(BLOCK, step(2, 0.4, Double.NaN));

        assertThat(value(Metric.GRADIENT_NORM, ATTEMPT)).isEqualTo(0.25);
    }

    @Test
    void theShareOfThePeakIsThatOfTheLatestHalfMinute() {
        metrics.devicePeak(1e9);
        metrics.measured(BLOCK, new Measurement.Began());
        for (int i = 1; i <= 100; i++) {
            metrics.measured(BLOCK, stepped(i, new Work(1, 1e9, 100, 0)));
        }
        for (int i = 101; i <= 116; i++) {
            metrics.measured(BLOCK, stepped(i, new Work(1, 1e9, 2, 0)));
        }

        assertThat(value(Metric.DEVICE_PEAK_RATIO, ATTEMPT)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void whatCanGoWrongCountsFromZeroBeforeItDoes() {
        metrics.measured(BLOCK, new Measurement.Began());
        metrics.measured(BLOCK, new Measurement.SavingBegan());

        assertThat(value(Metric.NON_FINITE_TOTAL, ATTEMPT)).isZero();
        assertThat(value(Metric.STEPS_TOTAL, ATTEMPT)).isZero();
        assertThat(sample(Metric.STEP_SECONDS, "_count", ATTEMPT)).isZero();
        assertThat(sample(Metric.CHECKPOINT_SECONDS, "_count", ATTEMPT)).isZero();
        assertThat(value(Metric.CHECKPOINT_BYTES_TOTAL, ATTEMPT)).isZero();
        for (String reason : List.of("store-full", "store-unavailable", "environment", "transient")) {
            assertThat(value(Metric.CHECKPOINT_FAILURES_TOTAL, "r", "n", reason))
                    .as(reason)
                    .isZero();
        }
    }

    @Test
    void anAttemptThatTrainsNothingCountsNoSteps() {
        Ticket report = new Ticket("r", new Stage.Report(), 1, 1);
        metrics.measured(report, new Measurement.Began());
        metrics.measured(report, new Measurement.PhaseBegan("report", OptionalInt.empty()));
        metrics.measured(report, new Measurement.TimeSpent("report", 3));

        assertThat(value(Metric.STEPS_TOTAL, "r", "n", "report")).isNull();
        assertThat(value(Metric.ATTEMPT_BLOCK, "r", "n", "report")).isNull();
        assertThat(value(Metric.PHASE_SECONDS_TOTAL, "r", "n", "report", "report"))
                .isEqualTo(3);
    }

    @Test
    void savesAndTheirFailuresAreCounted() {
        metrics.measured(BLOCK, new Measurement.SavingBegan());
        assertThat(value(Metric.CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS, "r", "n"))
                .as("training began")
                .isEqualTo(1000);

        now = Instant.ofEpochSecond(1120);
        metrics.measured(BLOCK, new Measurement.SaveFailed(Category.STORE_FULL));
        assertThat(value(Metric.CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS, "r", "n"))
                .isEqualTo(1000);
        metrics.measured(BLOCK, new Measurement.Saved(4, 1 << 20));

        assertThat(value(Metric.CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS, "r", "n"))
                .isEqualTo(1120);
        assertThat(value(Metric.CHECKPOINT_FAILURES_TOTAL, "r", "n", "store-full"))
                .isEqualTo(1);
        assertThat(value(Metric.CHECKPOINT_BYTES_TOTAL, ATTEMPT)).isEqualTo(1 << 20);
        assertThat(sample(Metric.CHECKPOINT_SECONDS, "_sum", ATTEMPT)).isEqualTo(4);

        metrics.measured(BLOCK, new Measurement.SavingEnded());
        assertThat(value(Metric.CHECKPOINT_LAST_SUCCESS_TIMESTAMP_SECONDS, "r", "n"))
                .isNull();
    }

    @Test
    void anotherPhaseHasNoStepYetAndItsOwnBlock() {
        metrics.measured(BLOCK, new Measurement.Began());
        metrics.measured(BLOCK, new Measurement.PhaseBegan("rebuild", OptionalInt.of(3)));
        metrics.measured(BLOCK, new Measurement.Passed(4, 32, new Work(64, 1e6, 1, 0)));
        assertThat(value(Metric.ATTEMPT_BLOCK, ATTEMPT)).isEqualTo(3);
        assertThat(value(Metric.ATTEMPT_STEP, ATTEMPT)).isEqualTo(4);

        metrics.measured(BLOCK, new Measurement.PhaseBegan("train", OptionalInt.empty()));

        assertThat(value(Metric.ATTEMPT_BLOCK, ATTEMPT)).isEqualTo(7);
        assertThat(value(Metric.ATTEMPT_STEP, ATTEMPT)).isNull();
    }

    @Test
    void whenAnAttemptEndsItsGaugesGoAndItsCountersStay() {
        metrics.devicePeak(1e9);
        everything().forEach(measurement -> metrics.measured(BLOCK, measurement));
        Set<String> before = names();

        metrics.measured(BLOCK, new Measurement.Ended());

        TreeSet<String> gone = new TreeSet<>(before);
        gone.removeAll(names());
        assertThat(gone)
                .containsExactly(
                        "blocksmith_attempt_block",
                        "blocksmith_attempt_epoch",
                        "blocksmith_attempt_epochs",
                        "blocksmith_attempt_step",
                        "blocksmith_attempt_steps",
                        "blocksmith_device_peak_ratio",
                        "blocksmith_gradient_norm",
                        "blocksmith_learning_rate",
                        "blocksmith_reference_loss",
                        "blocksmith_train_loss",
                        "blocksmith_validation_loss");
        assertThat(value(Metric.STEPS_TOTAL, ATTEMPT)).isEqualTo(1);
        assertThat(value(Metric.NON_FINITE_TOTAL, ATTEMPT)).isEqualTo(1);
    }

    @Test
    void everySampleIsOfAMetricThatHasAName() {
        metrics.devicePeak(1e9);
        everything().forEach(measurement -> metrics.measured(BLOCK, measurement));
        BuildInfo.register(registry, "1", "worker", "n");

        Set<String> known = new TreeSet<>();
        for (Metric metric : Metric.values()) {
            String key = metric.key();
            switch (metric.kind()) {
                case GAUGE -> known.add(key);
                case COUNTER -> known.addAll(List.of(key, key.replaceFirst("_total$", "_created")));
                case HISTOGRAM ->
                    Stream.of("_bucket", "_sum", "_count", "_created").forEach(suffix -> known.add(key + suffix));
            }
        }
        assertThat(names()).isSubsetOf(known).hasSizeGreaterThan(30);
    }

    @Test
    void kindsOfStagesAreSeven() {
        assertThat(Stream.of(
                                new Stage.Capture(0, 1),
                                new Stage.TrainBlock(2),
                                new Stage.RepairBlock(2),
                                new Stage.EndToEnd(),
                                new Stage.Export(ExportFormat.GPTQ),
                                new Stage.Evaluate(Stage.Subject.BLOCK_AP),
                                new Stage.Report())
                        .map(Stage::kind))
                .containsExactly(
                        "capture", "train-block", "repair-block", "end-to-end", "export", "evaluate", "report");
    }

    /** One measurement of each kind but the ends. */
    private static List<Measurement> everything() {
        return List.of(
                new Measurement.Began(),
                new Measurement.PhaseBegan("train", OptionalInt.empty()),
                new Measurement.SavingBegan(),
                new Measurement.Reference(0.9),
                new Measurement.Validated(0.9, new Work(32, 1e6, 1, 0)),
                step(1, 0.5, 0.25),
                new Measurement.TimeSpent("train", 3),
                new Measurement.Saved(1, 10),
                new Measurement.SaveFailed(Category.STORE_FULL),
                new Measurement.FoundNotFinite());
    }

    private static Measurement step(long step, double loss, double norm) {
        return new Measurement.Stepped(
                new Place(1, 2, step, 24), new Work(64, 1e9, 2, 0.5), loss, norm, new Rates(1e-3, 1e-4, Double.NaN));
    }

    private static Measurement stepped(long step, Work work) {
        return new Measurement.Stepped(new Place(1, 1, step, 200), work, 1, 1, new Rates(1, 1, 1));
    }

    private Set<String> names() {
        TreeSet<String> names = new TreeSet<>();
        for (MetricFamilySamples family : Collections.list(registry.metricFamilySamples())) {
            family.samples.forEach(sample -> names.add(sample.name));
        }
        return names;
    }

    private Double value(Metric metric, String... labels) {
        return sample(metric, "", labels);
    }

    private Double sample(Metric metric, String suffix, String... labels) {
        return registry.getSampleValue(metric.key() + suffix, metric.labels().toArray(String[]::new), labels);
    }
}
