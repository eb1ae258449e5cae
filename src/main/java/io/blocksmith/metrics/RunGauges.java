package io.blocksmith.metrics;

import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.WorkerView;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Gauge;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How a run stands, as its supervisor sees it. */
final class RunGauges {
    private static final List<Phase> PHASES =
            List.of(Phase.SUBMITTED, Phase.RUNNING, Phase.PAUSED, Phase.STOPPED, Phase.COMPLETED);
    /** Several runs of a queue may end, or fail at once, between two looks of Prometheus. */
    private static final int REMEMBERED = 5;

    private final Map<Metric, Gauge> gauges = new TreeMap<>();
    private final Families families;
    private Optional<RunState> latest = Optional.empty();
    /** Runs before this one that had ended, the oldest first; each run once. */
    private final Deque<RunState> ended = new ArrayDeque<>();

    RunGauges(CollectorRegistry registry) {
        families = new Families(registry);
        List.of(
                        Metric.RUN_STATE,
                        Metric.RUN_REST_INFO,
                        Metric.RUN_TROUBLE,
                        Metric.RUN_SUPERVISOR_EPOCH,
                        Metric.RUN_BLOCKS,
                        Metric.RUN_BLOCKS_DONE,
                        Metric.RUN_STAGES,
                        Metric.RUN_STAGES_DONE,
                        Metric.RUN_PROGRESS_RATIO,
                        Metric.RUN_ETA_SECONDS,
                        Metric.RUN_LAST_PROGRESS_TIMESTAMP_SECONDS,
                        Metric.RUN_WORKERS,
                        Metric.RUN_STRAGGLERS,
                        Metric.BLOCK_VALIDATION_LOSS,
                        Metric.PERPLEXITY,
                        Metric.STORE_BYTES,
                        Metric.STORE_FREE_BYTES)
                .forEach(metric -> gauges.put(metric, families.gauge(metric)));
    }

    private Gauge.Child of(Metric metric, String... labels) {
        return gauges.get(metric).labels(labels);
    }

    void progressed(String run, Instant when) {
        of(Metric.RUN_LAST_PROGRESS_TIMESTAMP_SECONDS, run).set(when.toEpochMilli() / 1e3);
    }

    /**
     * Sizes of the run's store.
     *
     * @param free negative when the store cannot tell
     */
    void stored(String run, long bytes, long free) {
        of(Metric.STORE_BYTES, run).set((double) bytes);
        if (free >= 0) {
            of(Metric.STORE_FREE_BYTES, run).set((double) free);
        }
    }

    void looked(RunSnapshot snapshot) {
        RunState state = snapshot.state();
        String run = state.run();
        standing(state);
        of(Metric.RUN_TROUBLE, run).set(snapshot.inTrouble() ? 1 : 0);
        of(Metric.RUN_STAGES, run).set(snapshot.stages());
        of(Metric.RUN_PROGRESS_RATIO, run).set(snapshot.fraction());
        snapshot.secondsLeft()
                .ifPresentOrElse(
                        seconds -> of(Metric.RUN_ETA_SECONDS, run).set(seconds),
                        () -> gauges.get(Metric.RUN_ETA_SECONDS).remove(run));
        of(Metric.RUN_STRAGGLERS, run).set(snapshot.stragglers());
        workers(snapshot);
    }

    /**
     * What was told of the run before goes. That it has ended stays, and so it does of some before it: in a queue this one
     * begins in the same moment, and nobody would have seen the end.
     */
    void begin() {
        Optional<RunState> before = latest.filter(state -> !state.isSupervised());
        forget();
        before.ifPresent(ended::addLast);
        if (ended.size() > REMEMBERED) {
            ended.removeFirst();
        }
        ended.forEach(this::phase);
    }

    /** What was told of the run goes; that those before it have ended stays. */
    void lost() {
        forget();
        ended.forEach(this::phase);
    }

    private void forget() {
        latest.ifPresent(lost -> ended.removeIf(state -> state.run().equals(lost.run())));
        latest = Optional.empty();
        new ArrayList<>(gauges.values()).forEach(Gauge::clear);
    }

    private void phase(RunState state) {
        String run = state.run();
        for (Phase phase : PHASES) {
            of(Metric.RUN_STATE, run, key(phase)).set(phase == state.phase() ? 1 : 0);
        }
        for (RestCause cause : RestCause.values()) {
            boolean rests = state.rest().filter(rest -> rest.cause() == cause).isPresent();
            of(Metric.RUN_REST_INFO, run, key(cause)).set(rests ? 1 : 0);
        }
    }

    /** What the ledger alone tells. */
    void standing(RunState state) {
        latest = Optional.of(state);
        String run = state.run();
        phase(state);
        of(Metric.RUN_SUPERVISOR_EPOCH, run).set((double) state.epoch());
        of(Metric.RUN_BLOCKS, run).set(state.blocks());
        int blocks = 0;
        for (Committed committed : state.committed()) {
            if (committed.ticket().stage() instanceof Stage.TrainBlock) {
                blocks++;
            }
            results(run, committed);
        }
        of(Metric.RUN_BLOCKS_DONE, run).set((double) blocks);
        of(Metric.RUN_STAGES_DONE, run).set(state.committed().size());
    }

    /** The figures of {@code stage.Figures}, by the names that are in every ledger. */
    private void results(String run, Committed committed) {
        Map<String, Double> figures = committed.result().figures();
        switch (committed.ticket().stage()) {
            case Stage.TrainBlock(int block) -> {
                String index = Integer.toString(block);
                set(Metric.BLOCK_VALIDATION_LOSS, figures.get("start-loss"), run, index, "start");
                set(Metric.BLOCK_VALIDATION_LOSS, figures.get("final-loss"), run, index, "final");
            }
            case Stage.Evaluate(Stage.Subject subject) ->
                set(Metric.PERPLEXITY, figures.get("perplexity"), run, subject.key());
            case Stage.Capture _, Stage.RepairBlock _, Stage.EndToEnd _, Stage.Export _, Stage.Report _ -> {}
        }
    }

    private void set(Metric metric, Double value, String... labels) {
        if (value != null && Double.isFinite(value)) {
            of(metric, labels).set(value);
        }
    }

    private void workers(RunSnapshot snapshot) {
        Map<String, Integer> counts = new TreeMap<>();
        List.of("busy", "assisting", "idle", "drained", "quarantined", "unreachable")
                .forEach(state -> counts.put(state, 0));
        for (String worker : snapshot.known()) {
            counts.merge(workerState(snapshot, worker), 1, Integer::sum);
        }
        counts.forEach((state, count) ->
                of(Metric.RUN_WORKERS, snapshot.state().run(), state).set(count));
    }

    private static String workerState(RunSnapshot snapshot, String worker) {
        WorkerView view = snapshot.reachable().get(worker);
        if (view == null) {
            return "unreachable";
        }
        if (!view.holds().isEmpty()) {
            return "busy";
        }
        if (view.assists().isPresent()) {
            return "assisting";
        }
        if (snapshot.state().drained().contains(worker)) {
            return "drained";
        }
        return view.quarantined() ? "quarantined" : "idle";
    }

    private static String key(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What only a supervised run has goes. */
    void rest() {
        List.of(Metric.RUN_TROUBLE, Metric.RUN_ETA_SECONDS, Metric.RUN_WORKERS, Metric.RUN_STRAGGLERS)
                .forEach(metric -> gauges.get(metric).clear());
    }
}
