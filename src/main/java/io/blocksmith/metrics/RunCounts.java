package io.blocksmith.metrics;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Waiting;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts what the ledger tells, over the whole life of a run: whoever supervises it comes to the same numbers, because they
 * are a fold of the same events.
 */
final class RunCounts {
    /** How an attempt may end besides failing. */
    static final String CANCELLED = "cancelled";

    private static final String RETRIED = "retried";
    private static final List<String> STAGES =
            List.of("capture", "train-block", "repair-block", "end-to-end", "export", "evaluate", "report");

    private final Counter attempts;
    private final Counter restarts;
    private final Counter failures;
    private final Counter lostSteps;
    private final Counter damaged;
    private final Map<Stage, String> lastEnd = new HashMap<>();

    RunCounts(CollectorRegistry registry) {
        Families families = new Families(registry);
        attempts = families.counter(Metric.ATTEMPTS_TOTAL);
        restarts = families.counter(Metric.RESTARTS_TOTAL);
        failures = families.counter(Metric.FAILURES_TOTAL);
        lostSteps = families.counter(Metric.LOST_STEPS_TOTAL);
        damaged = families.counter(Metric.DAMAGED_RESULTS_TOTAL);
    }

    /** Begins at the run's first event. A count that was never there cannot be seen to rise, so all begin at 0. */
    void begin(String run) {
        clear();
        STAGES.forEach(stage -> {
            attempts.labels(run, stage);
            for (Category category : Category.values()) {
                failures.labels(run, stage, Reason.of(category));
            }
        });
        for (Category category : Category.values()) {
            restarts.labels(run, Reason.of(category));
            lostSteps.labels(run, Reason.of(category));
        }
        restarts.labels(run, CANCELLED);
        restarts.labels(run, RETRIED);
        lostSteps.labels(run, CANCELLED);
        damaged.labels(run);
    }

    /** Counts one more event; {@code after} is the state that it led to. */
    void count(Event event, RunState after) {
        String run = after.run();
        switch (event) {
            case StageStarted started -> {
                Stage stage = started.ticket().stage();
                attempts.labels(run, stage.kind()).inc();
                String end = lastEnd.remove(stage);
                if (end != null) {
                    restarts.labels(run, end).inc();
                }
            }
            case StageFailed failed -> {
                Stage stage = failed.ticket().stage();
                String reason = Reason.of(failed.category());
                failures.labels(run, stage.kind(), reason).inc();
                lost(run, stage, failed.evidence(), reason, after);
            }
            case StageCancelled cancelled ->
                lost(run, cancelled.ticket().stage(), cancelled.evidence(), CANCELLED, after);
            case StageDamaged found -> {
                damaged.labels(run).inc();
                String reason = Reason.of(Category.DAMAGED);
                lastEnd.put(found.ticket().stage(), reason);
                lastEnd.put(found.source(), reason);
            }
            case StageReset reset -> lastEnd.put(reset.stage(), RETRIED);
            case Event.RunSubmitted _,
                    Event.SupervisorStarted _,
                    Event.StageCommitted _,
                    Event.RunPaused _,
                    Event.RunResumed _,
                    Event.RunStopped _,
                    Event.RunCompleted _,
                    Event.WorkerDrained _,
                    Event.WorkerReturned _ -> {}
        }
    }

    private void lost(String run, Stage stage, Evidence evidence, String reason, RunState after) {
        lastEnd.put(stage, reason);
        if (after.stage(stage) instanceof Waiting waiting) {
            long steps = evidence.step() - waiting.saved().step();
            lostSteps.labels(run, reason).inc((double) Math.max(0, steps));
        }
    }

    void clear() {
        List.of(attempts, restarts, failures, lostSteps, damaged).forEach(Counter::clear);
        lastEnd.clear();
    }
}
