package io.blocksmith.status;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState.Rest;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.Figures;
import io.blocksmith.store.LiveStatus;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code status --json} answers. Keys are only ever added while {@code version} stays; numbers that are not known are
 * null. {@code StatusJsonTest} shows the whole shape.
 */
public final class StatusJson {
    private static final int VERSION = 1;
    private static final int FAILURES = 10;
    private static final int EVENTS = 40;
    private static final int NOTABLE_EVENTS = 20;

    private final RunSight sight;

    public StatusJson(RunSight sight) {
        this.sight = sight;
    }

    public Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("version", VERSION);
        tree.put("run", sight.state().run());
        tree.put("where", sight.where());
        tree.put("phase", key(sight.state().phase()));
        tree.put("rest", sight.state().rest().map(StatusJson::rest).orElse(null));
        tree.put("done", sight.done());
        tree.put("total", sight.total());
        tree.put("fraction", number(sight.fraction()));
        tree.put("percent", number(100 * sight.fraction()));
        tree.put("seconds-left", number(sight.secondsLeft().orElse(Double.NaN)));
        tree.put("now", sight.at().toString());
        tree.put("recipe", recipe(sight.recipe()));
        tree.put("supervisor", supervisor());
        tree.put("stopping", sight.shown().map(LiveRun::stopping).orElse(false));
        tree.put(
                "trouble",
                sight.shown()
                        .map(LiveRun::trouble)
                        .filter(text -> !text.isEmpty())
                        .orElse(null));
        tree.put("attempts", sight.attempts().stream().map(StatusJson::attempt).toList());
        tree.put("blocks", BlockJson.of(sight));
        tree.put(
                "committed",
                sight.state().committed().stream().map(StatusJson::committed).toList());
        tree.put("perplexities", perplexities());
        tree.put(
                "workers",
                sight.shown().map(LiveRun::workers).orElse(List.of()).stream()
                        .map(this::worker)
                        .toList());
        tree.put("last-checkpoint", lastCheckpoint());
        tree.put("events", EventJson.latest(sight.events(), EVENTS, NOTABLE_EVENTS));
        tree.put("drained", List.copyOf(sight.state().drained()));
        tree.put(
                "requests",
                sight.requests().entrySet().stream()
                        .map(asked -> request(asked.getKey(), asked.getValue()))
                        .toList());
        tree.put(
                "failures",
                sight.failures(FAILURES).stream().map(StatusJson::failed).toList());
        tree.put("failure", sight.failure().map(StatusJson::failure).orElse(null));
        return tree;
    }

    private static Map<String, Object> recipe(Recipe recipe) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("bits", recipe.quantization().bits());
        tree.put("group-size", recipe.quantization().groupSize());
        tree.put("symmetric", recipe.quantization().symmetric());
        tree.put("segments", recipe.blockAp().segments());
        tree.put("repair-samples", recipe.blockAp().repair().samples());
        tree.put("train-samples", recipe.calibration().trainSamples());
        tree.put("epochs", recipe.blockAp().epochs());
        return tree;
    }

    /** Those that are measured already. */
    private Map<String, Object> perplexities() {
        Map<String, Object> tree = new LinkedHashMap<>();
        for (Stage.Subject subject : Stage.Subject.values()) {
            sight.state()
                    .result(new Stage.Evaluate(subject))
                    .map(result -> number(result.figures().getOrDefault(Figures.PERPLEXITY, Double.NaN)))
                    .ifPresent(perplexity -> tree.put(subject.key(), perplexity));
        }
        return tree;
    }

    private Map<String, Object> supervisor() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("pulse", key(sight.pulse()));
        tree.put("holder", sight.live().map(LiveStatus::holder).orElse(null));
        tree.put("host", sight.live().map(LiveStatus::host).orElse(null));
        tree.put("process", sight.live().map(LiveStatus::pid).orElse(null));
        tree.put("epoch", sight.state().epoch());
        tree.put("beat", sight.live().map(LiveStatus::beat).orElse(null));
        tree.put(
                "seconds-since-beat",
                sight.shown().isEmpty() ? null : sight.age().toMillis() / 1e3);
        return tree;
    }

    private static Map<String, Object> rest(Rest rest) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("cause", key(rest.cause()));
        tree.put("reason", rest.reason());
        tree.put("since", rest.since().toString());
        return tree;
    }

    private static Map<String, Object> attempt(LiveRun.Attempt attempt) {
        Progress progress = attempt.progress();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", progress.ticket().stage().key());
        tree.put("attempt", progress.ticket().attempt());
        tree.put("worker", attempt.worker());
        tree.put("since", attempt.since().toString());
        tree.put("phase", progress.phase());
        tree.put("epoch", progress.epoch());
        tree.put("epochs", progress.epochs());
        tree.put("step", progress.step());
        tree.put("steps", progress.steps());
        tree.put("loss", number(progress.loss()));
        tree.put("reference", number(progress.reference()));
        tree.put("tokens-per-second", number(progress.tokensPerSecond()));
        tree.put("saved-step", progress.savedStep());
        tree.put("data-wait", number(progress.dataWait()));
        tree.put("straggler", attempt.straggler());
        tree.put("kind", progress.ticket().stage().kind());
        tree.put("block", block(progress.ticket().stage()));
        tree.put("step-seconds", number(progress.stepSeconds()));
        tree.put(
                "saved-at", attempt.savedAt() == null ? null : attempt.savedAt().toString());
        tree.put(
                "curve",
                attempt.curve().stream()
                        .filter(point -> Double.isFinite(point.loss()))
                        .map(point -> List.of(point.step(), point.loss()))
                        .toList());
        return tree;
    }

    private static Integer block(Stage stage) {
        return switch (stage) {
            case Stage.TrainBlock(int block) -> block;
            case Stage.RepairBlock(int block) -> block;
            case Stage.Capture _, Stage.EndToEnd _, Stage.Export _, Stage.Evaluate _, Stage.Report _ -> null;
        };
    }

    private static Map<String, Object> committed(Committed committed) {
        Map<String, Double> figures = committed.result().figures();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", committed.ticket().stage().key());
        tree.put("attempts", committed.attempts());
        tree.put("worker", committed.worker());
        tree.put("at", committed.at().toString());
        tree.put("seconds", number(figures.getOrDefault(Figures.SECONDS, Double.NaN)));
        tree.put("start-loss", number(figures.getOrDefault(Figures.START_LOSS, Double.NaN)));
        tree.put("final-loss", number(figures.getOrDefault(Figures.FINAL_LOSS, Double.NaN)));
        tree.put("perplexity", number(figures.getOrDefault(Figures.PERPLEXITY, Double.NaN)));
        return tree;
    }

    private Map<String, Object> worker(LiveRun.Worker worker) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("name", worker.name());
        tree.put("numerics", worker.numerics());
        tree.put("version", worker.version());
        tree.put("reachable", worker.reachable());
        tree.put("holds", worker.holds());
        tree.put("assists", worker.assists().isEmpty() ? null : worker.assists());
        tree.put("quarantined", worker.quarantined());
        tree.put("slow", worker.slow());
        tree.put("drained", sight.state().drained().contains(worker.name()));
        Optional<Progress> runs = sight.attempts().stream()
                .filter(attempt -> attempt.worker().equals(worker.name()))
                .map(LiveRun.Attempt::progress)
                .findFirst();
        tree.put("stage", runs.map(progress -> progress.ticket().stage().key()).orElse(null));
        tree.put(
                "step-seconds",
                runs.map(progress -> number(progress.stepSeconds())).orElse(null));
        return tree;
    }

    /** The newest of the attempts under way; null when none has saved anything. */
    private Map<String, Object> lastCheckpoint() {
        return sight.attempts().stream()
                .filter(attempt -> attempt.savedAt() != null)
                .max(Comparator.comparing(LiveRun.Attempt::savedAt))
                .map(StatusJson::checkpoint)
                .orElse(null);
    }

    private static Map<String, Object> checkpoint(LiveRun.Attempt attempt) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", attempt.progress().ticket().stage().key());
        tree.put("step", attempt.progress().savedStep());
        tree.put("at", attempt.savedAt().toString());
        return tree;
    }

    private static Map<String, Object> request(String id, Request request) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("id", id);
        tree.put("asks", RequestEffect.name(request));
        tree.put("by", request.by());
        return tree;
    }

    private static Map<String, Object> failed(RunSight.Failed failed) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", failed.stage());
        tree.put("attempt", failed.failure().attempt());
        tree.put("worker", failed.failure().worker());
        tree.put("category", key(failed.failure().category()));
        tree.put("reason", failed.failure().reason());
        tree.put("at", failed.failure().at().toString());
        return tree;
    }

    private static Map<String, Object> failure(FailureReport report) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", report.stage());
        tree.put("block", report.block() < 0 ? null : report.block());
        tree.put("category", key(report.category()));
        tree.put("reason", report.reason());
        tree.put("at", report.at().toString());
        tree.put("what-to-do", report.whatToDo());
        return tree;
    }

    private static String key(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Null where JSON has no number. */
    static Double number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
