package io.blocksmith.metrics;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.StageState.Waiting;
import io.blocksmith.run.WorkerView;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What became of the time of a run's workers: work that was new (goodput), and everything else by reason; and how long a
 * stage stood still after an attempt at it had ended. Measured by the supervisor's monotonic clock, from its looks on.
 */
final class WorkerTime {
    private static final List<String> REASONS =
            List.of("starting", "repeated", "data-wait", "idle", "paused", "unreachable");

    /** Phases of a stage that trains, when it has. */
    private static final Set<String> AFTER_TRAINING = Set.of("propagate", "seal");

    private record Broken(long nanos, String reason) {}

    private final Counter goodput;
    private final Counter badput;
    private final Histogram recovery;
    private final LongSupplier nanoTime;
    /** The highest training step that was reached, whichever attempt did. */
    private final Map<Stage, Long> reached = new HashMap<>();

    private final Map<Stage, Broken> broken = new HashMap<>();
    private Optional<Long> lastLook = Optional.empty();

    WorkerTime(CollectorRegistry registry, LongSupplier nanoTime) {
        Families families = new Families(registry);
        goodput = families.counter(Metric.GOODPUT_SECONDS_TOTAL);
        badput = families.counter(Metric.BADPUT_SECONDS_TOTAL);
        recovery = families.histogram(Metric.RECOVERY_SECONDS, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800);
        this.nanoTime = nanoTime;
    }

    void begin(String run, RunState state) {
        clear();
        goodput.labels(run);
        REASONS.forEach(reason -> badput.labels(run, reason));
        for (Category category : Category.values()) {
            recovery.labels(run, Reason.of(category));
        }
        recovery.labels(run, RunCounts.CANCELLED);
        state.stages()
                .forEach((stage, standing) -> failures(standing)
                        .forEach(failure ->
                                reached.merge(stage, failure.evidence().step(), Math::max)));
    }

    private static List<StageState.Failure> failures(StageState stage) {
        return switch (stage) {
            case Waiting waiting -> waiting.failures();
            case Running running -> running.failures();
            case StageState.Committed _ -> List.of();
        };
    }

    void recorded(Event event, RunState after) {
        switch (event) {
            case StageFailed failed -> {
                reached.merge(failed.ticket().stage(), failed.evidence().step(), Math::max);
                broken.put(failed.ticket().stage(), new Broken(nanoTime.getAsLong(), Reason.of(failed.category())));
            }
            case StageCancelled cancelled -> {
                reached.merge(cancelled.ticket().stage(), cancelled.evidence().step(), Math::max);
                // One that a pause ended waits for a person.
                if (after.phase() == RunState.Phase.RUNNING) {
                    broken.put(cancelled.ticket().stage(), new Broken(nanoTime.getAsLong(), RunCounts.CANCELLED));
                }
            }
            case StageCommitted committed -> {
                goesOn(after.run(), committed.ticket().stage());
                reached.remove(committed.ticket().stage());
            }
            case Event.RunPaused _, Event.RunStopped _ -> broken.clear();
            case Event.RunSubmitted _,
                    Event.SupervisorStarted _,
                    Event.StageStarted _,
                    Event.StageDamaged _,
                    Event.StageReset _,
                    Event.RunResumed _,
                    Event.RunCompleted _,
                    Event.WorkerDrained _,
                    Event.WorkerReturned _ -> {}
        }
    }

    void progressed(Progress progress) {
        // What comes before training is a part of the recovery of a stage that trains.
        if (progress.step() > 0
                && (hasTrained(progress) || !progress.ticket().stage().trains())) {
            goesOn(progress.ticket().run(), progress.ticket().stage());
        }
    }

    private void goesOn(String run, Stage stage) {
        Broken since = broken.remove(stage);
        if (since != null) {
            recovery.labels(run, since.reason()).observe((nanoTime.getAsLong() - since.nanos()) / 1e9);
        }
    }

    void looked(RunSnapshot snapshot) {
        long now = nanoTime.getAsLong();
        lastLook.ifPresent(before -> share(snapshot, (now - before) / 1e9));
        lastLook = Optional.of(now);
    }

    private void share(RunSnapshot snapshot, double seconds) {
        String run = snapshot.state().run();
        for (String worker : snapshot.known()) {
            WorkerView view = snapshot.reachable().get(worker);
            Optional<Running> attempt = snapshot.state().running().stream()
                    .filter(running -> running.worker().equals(worker))
                    .findFirst();
            if (view == null) {
                badput.labels(run, "unreachable").inc(seconds);
            } else if (attempt.isPresent()) {
                working(
                        run,
                        Optional.ofNullable(
                                snapshot.progress().get(attempt.get().ticket())),
                        seconds);
            } else if (view.assists().isPresent()) {
                goodput.labels(run).inc(seconds);
            } else {
                boolean paused = snapshot.state().phase() == RunState.Phase.PAUSED;
                badput.labels(run, paused ? "paused" : "idle").inc(seconds);
            }
        }
    }

    private void working(String run, Optional<Progress> latest, double seconds) {
        if (latest.isEmpty()) {
            badput.labels(run, "starting").inc(seconds);
            return;
        }
        Progress progress = latest.get();
        Stage stage = progress.ticket().stage();
        if (isRepeated(progress, reached.getOrDefault(stage, 0L))) {
            badput.labels(run, "repeated").inc(seconds);
            return;
        }
        double waiting = Double.isNaN(progress.dataWait()) ? 0 : progress.dataWait();
        goodput.labels(run).inc(seconds * (1 - waiting));
        badput.labels(run, "data-wait").inc(seconds * waiting);
    }

    private static boolean hasTrained(Progress progress) {
        return !Double.isNaN(progress.loss());
    }

    /** {@code reached} is above 0 when an earlier attempt has trained: whatever comes before training was done then, too. */
    private static boolean isRepeated(Progress progress, long reached) {
        if (hasTrained(progress)) {
            return progress.step() <= reached && progress.step() < progress.steps();
        }
        return reached > 0 && progress.ticket().stage().trains() && !AFTER_TRAINING.contains(progress.phase());
    }

    void clear() {
        goodput.clear();
        badput.clear();
        recovery.clear();
        reached.clear();
        broken.clear();
        lastLook = Optional.empty();
    }
}
