package io.blocksmith.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.WorkerView;
import io.prometheus.client.CollectorRegistry;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RunMetricsTest {
    private static final RunMetrics.Kind KIND = new RunMetrics.Kind("tiny", 2, 64, 1, "host:1");
    private static final Stage BLOCK = new TrainBlock(0);

    private final CollectorRegistry registry = new CollectorRegistry();
    private final AtomicLong nanos = new AtomicLong();
    private final RunMetrics metrics =
            new RunMetrics(registry, InstantSource.fixed(Histories.NOON.plusSeconds(60)), nanos::get);

    private final List<Event> events = new ArrayList<>();
    private RunState state = RunState.empty();

    private void past(Event event) {
        events.add(event);
        state = state.after(event);
    }

    private void now(Event event) {
        past(event);
        metrics.recorded(event, state);
    }

    private void begin() {
        past(new RunSubmitted(Histories.NOON, "tiny", "d1", 2));
        past(new SupervisorStarted(Histories.NOON, 1, "host:1"));
        metrics.took(KIND, events);
    }

    private Ticket start() {
        now(Histories.start(state, BLOCK));
        return ((Running) state.stage(BLOCK)).ticket();
    }

    private StageFailed lost(Ticket ticket, long step, long saved) {
        return new StageFailed(
                Histories.NOON,
                ticket,
                Category.WORKER_LOST,
                "gone",
                Histories.WORKER,
                new Evidence(step, saved, List.of(0.5)));
    }

    private static Progress progress(Ticket ticket, long step, double dataWait) {
        return new Progress(ticket, "train", 1, 1, step, 100, 0.5, 1, 100, 0.1, 0, dataWait);
    }

    private void looked(double seconds, Optional<Progress> progress, Map<String, WorkerView> reachable) {
        nanos.addAndGet((long) (seconds * 1e9));
        metrics.looked(new RunSnapshot(
                state,
                progress.map(latest -> Map.of(latest.ticket(), latest)).orElse(Map.of()),
                Set.of(Histories.WORKER),
                reachable,
                0,
                false,
                9,
                0.25,
                OptionalDouble.of(300)));
    }

    private Map<String, WorkerView> busy(Ticket ticket) {
        return Map.of(Histories.WORKER, new WorkerView("cpu", Set.of(ticket), Optional.empty(), false, false));
    }

    private Double value(Metric metric, String... values) {
        return registry.getSampleValue(metric.key(), metric.labels().toArray(String[]::new), values);
    }

    @Test
    void aLostWorkerCostsTheStepsThatWereNotSaved() {
        begin();
        Ticket first = start();
        now(lost(first, 70, 40));
        start();

        assertThat(value(Metric.ATTEMPTS_TOTAL, "tiny", "train-block")).isEqualTo(2);
        assertThat(value(Metric.FAILURES_TOTAL, "tiny", "train-block", "worker-lost"))
                .isEqualTo(1);
        assertThat(value(Metric.RESTARTS_TOTAL, "tiny", "worker-lost")).isEqualTo(1);
        assertThat(value(Metric.RESTARTS_TOTAL, "tiny", "cancelled")).isZero();
        assertThat(value(Metric.LOST_STEPS_TOTAL, "tiny", "worker-lost")).isEqualTo(30);
    }

    @Test
    void anotherSupervisorComesToTheSameCounts() {
        begin();
        Ticket first = start();
        now(lost(first, 70, 40));
        Ticket second = start();
        now(new StageCancelled(Histories.NOON, second, new Evidence(55, 55, List.of(0.5))));
        start();
        past(new SupervisorStarted(Histories.NOON, 2, "host:2"));

        CollectorRegistry other = new CollectorRegistry();
        new RunMetrics(other, InstantSource.fixed(Histories.NOON), nanos::get).took(KIND, events);
        for (Metric metric : List.of(Metric.RESTARTS_TOTAL, Metric.LOST_STEPS_TOTAL)) {
            for (String reason : List.of("worker-lost", "cancelled")) {
                String[] labels = metric.labels().toArray(String[]::new);
                assertThat(other.getSampleValue(metric.key(), labels, new String[] {"tiny", reason}))
                        .as("%s %s", metric, reason)
                        .isEqualTo(value(metric, "tiny", reason));
            }
        }
        assertThat(value(Metric.RESTARTS_TOTAL, "tiny", "cancelled")).isEqualTo(1);
        assertThat(value(Metric.LOST_STEPS_TOTAL, "tiny", "cancelled")).isZero();
    }

    @Test
    void timeIsGoodWhereItBringsTheRunFurther() {
        begin();
        Ticket first = start();
        looked(1, Optional.empty(), busy(first));
        looked(2, Optional.empty(), busy(first));
        looked(10, Optional.of(progress(first, 70, 0.2)), busy(first));
        now(lost(first, 70, 40));
        looked(3, Optional.empty(), Map.of());
        Ticket second = start();
        looked(4, Optional.of(progress(second, 60, Double.NaN)), busy(second));
        looked(5, Optional.of(progress(second, 71, Double.NaN)), busy(second));

        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "starting")).isEqualTo(2);
        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "data-wait")).isCloseTo(2, within(1e-9));
        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "unreachable")).isEqualTo(3);
        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "repeated")).isEqualTo(4);
        assertThat(value(Metric.GOODPUT_SECONDS_TOTAL, "tiny")).isCloseTo(8 + 5, within(1e-9));
    }

    @Test
    void recoveryLastsUntilTheStageGoesOn() {
        begin();
        Ticket first = start();
        now(lost(first, 70, 40));
        nanos.addAndGet(12_000_000_000L);
        Ticket second = start();
        nanos.addAndGet(3_000_000_000L);
        metrics.progressed(progress(second, 41, Double.NaN));
        metrics.progressed(progress(second, 42, Double.NaN));

        String[] labels = {"run", "reason"};
        String[] values = {"tiny", "worker-lost"};
        assertThat(registry.getSampleValue(Metric.RECOVERY_SECONDS.key() + "_sum", labels, values))
                .isCloseTo(15, within(1e-9));
        assertThat(registry.getSampleValue(Metric.RECOVERY_SECONDS.key() + "_count", labels, values))
                .isEqualTo(1);
    }

    @Test
    void whatASecondAttemptDoesBeforeItTrainsIsPartOfTheRecoveryAndRepeated() {
        begin();
        Ticket first = start();
        now(lost(first, 70, 40));
        Ticket second = start();
        looked(1, Optional.empty(), Map.of());
        Progress targets = notTraining(second, "targets");
        metrics.progressed(targets);
        looked(4, Optional.of(targets), busy(second));
        assertThat(recoveries("_count")).isZero();
        metrics.progressed(progress(second, 41, Double.NaN));
        Progress propagate = notTraining(second, "propagate");
        looked(2, Optional.of(propagate), busy(second));

        assertThat(recoveries("_count")).isEqualTo(1);
        assertThat(recoveries("_sum")).isCloseTo(5, within(1e-9));
        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "repeated")).isEqualTo(4);
        assertThat(value(Metric.GOODPUT_SECONDS_TOTAL, "tiny")).isEqualTo(2);
    }

    @Test
    void theFirstAttemptsWorkBeforeTrainingIsGood() {
        begin();
        Ticket first = start();
        looked(1, Optional.empty(), Map.of());
        looked(4, Optional.of(notTraining(first, "targets")), busy(first));
        assertThat(value(Metric.BADPUT_SECONDS_TOTAL, "tiny", "repeated")).isZero();
        assertThat(value(Metric.GOODPUT_SECONDS_TOTAL, "tiny")).isEqualTo(4);
    }

    private static Progress notTraining(Ticket ticket, String phase) {
        return new Progress(ticket, phase, 1, 1, 8, 64, Double.NaN, Double.NaN, 100, Double.NaN, 0, Double.NaN);
    }

    private Double recoveries(String suffix) {
        return registry.getSampleValue(
                Metric.RECOVERY_SECONDS.key() + suffix,
                new String[] {"run", "reason"},
                new String[] {"tiny", "worker-lost"});
    }

    @Test
    void everyRecoveryIsCountedFromZero() {
        begin();
        for (String reason : List.of("worker-lost", "hung", "defect", "cancelled")) {
            assertThat(registry.getSampleValue(
                            Metric.RECOVERY_SECONDS.key() + "_count",
                            new String[] {"run", "reason"},
                            new String[] {"tiny", reason}))
                    .as(reason)
                    .isZero();
        }
    }

    @Test
    void itShowsStandingWorkersAndResults() {
        begin();
        Ticket first = start();
        looked(1, Optional.of(progress(first, 10, Double.NaN)), busy(first));
        assertThat(value(Metric.RUN_WORKERS, "tiny", "busy")).isEqualTo(1);
        assertThat(value(Metric.RUN_PROGRESS_RATIO, "tiny")).isEqualTo(0.25);
        assertThat(value(Metric.RUN_ETA_SECONDS, "tiny")).isEqualTo(300);

        now(new StageCommitted(
                Histories.NOON, first, new StageResult(List.of(), Map.of("start-loss", 0.5, "final-loss", 0.1))));
        assertThat(value(Metric.RUN_BLOCKS_DONE, "tiny")).isEqualTo(1);
        assertThat(value(Metric.BLOCK_VALIDATION_LOSS, "tiny", "0", "start")).isEqualTo(0.5);
        assertThat(value(Metric.BLOCK_VALIDATION_LOSS, "tiny", "0", "final")).isEqualTo(0.1);

        now(new RunPaused(Histories.NOON, Event.RestCause.STORE, "no room"));
        assertThat(value(Metric.RUN_STATE, "tiny", "paused")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "tiny", "running")).isZero();
        assertThat(value(Metric.RUN_REST_INFO, "tiny", "store")).isEqualTo(1);
    }

    @Test
    void aRunAtRestStaysToBeSeenAndALostOneGoes() {
        begin();
        looked(1, Optional.empty(), Map.of());
        now(new RunStopped(Histories.NOON, Event.RestCause.REQUESTED, "cancelled"));
        assertThat(value(Metric.RUN_TROUBLE, "tiny")).isNotNull();
        metrics.rests();
        assertThat(value(Metric.RUN_STATE, "tiny", "stopped")).isEqualTo(1);
        assertThat(value(Metric.RUN_TROUBLE, "tiny")).isNull();
        assertThat(value(Metric.RUN_ETA_SECONDS, "tiny")).isNull();
        assertThat(value(Metric.RUN_WORKERS, "tiny", "busy")).isNull();

        metrics.fenced("tiny");
        metrics.lost();
        assertThat(value(Metric.RUN_STATE, "tiny", "stopped")).isNull();
        assertThat(value(Metric.ATTEMPTS_TOTAL, "tiny", "train-block")).isNull();
        assertThat(value(Metric.FENCED_TOTAL, "tiny")).isEqualTo(1);
    }

    @Test
    void theEndOfARunIsSeenAlthoughTheNextOneBeginsAtOnce() {
        begin();
        now(new RunStopped(Histories.NOON, Event.RestCause.FAILURE, "block-000 failed"));
        metrics.rests();
        took("second");
        assertThat(value(Metric.RUN_STATE, "tiny", "stopped")).isEqualTo(1);
        assertThat(value(Metric.RUN_REST_INFO, "tiny", "failure")).isEqualTo(1);
        assertThat(value(Metric.RUN_BLOCKS, "tiny")).isNull();
        assertThat(value(Metric.RUN_STATE, "second", "running")).isEqualTo(1);

        metrics.lost();
        assertThat(value(Metric.RUN_STATE, "second", "running")).isNull();
        assertThat(value(Metric.RUN_STATE, "tiny", "stopped")).isEqualTo(1);
    }

    /** One that is taken again has not ended any more. */
    @Test
    void theEndsOfTheLastRunsAreSeenTogether() {
        begin();
        now(new RunCompleted(Histories.NOON));
        metrics.rests();
        for (String next : List.of("second", "third", "fourth", "fifth")) {
            took(next);
            now(new RunStopped(Histories.NOON, Event.RestCause.FAILURE, "block-000 failed"));
            metrics.rests();
        }
        took("second");
        assertThat(value(Metric.RUN_STATE, "tiny", "completed")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "tiny", "running")).isZero();
        assertThat(value(Metric.RUN_STATE, "fifth", "stopped")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "second", "running")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "second", "stopped")).isZero();
        now(new RunCompleted(Histories.NOON));

        took("sixth");
        assertThat(value(Metric.RUN_STATE, "second", "completed")).isEqualTo(1);
        assertThat(value(Metric.RUN_STATE, "tiny", "completed")).isEqualTo(1);
        now(new RunCompleted(Histories.NOON));
        took("seventh");
        assertThat(value(Metric.RUN_STATE, "tiny", "completed")).isNull();
        assertThat(value(Metric.RUN_STATE, "third", "stopped")).isEqualTo(1);
    }

    /** Takes a run that has just been submitted. */
    private void took(String run) {
        events.clear();
        state = RunState.empty();
        past(new RunSubmitted(Histories.NOON, run, "d2", 2));
        past(new SupervisorStarted(Histories.NOON, 1, "host:1"));
        metrics.took(new RunMetrics.Kind(run, 2, 64, 1, "host:1"), events);
    }
}
