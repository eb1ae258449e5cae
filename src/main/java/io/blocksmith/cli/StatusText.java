package io.blocksmith.cli;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.stage.Figures;
import io.blocksmith.status.RequestEffect;
import io.blocksmith.status.RunSight;
import io.blocksmith.store.LiveStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@code status} answers to people. */
final class StatusText {
    private static final int FAILURES = 5;
    private static final int BLOCKS = 3;

    private final RunSight sight;
    private final List<String> lines = new ArrayList<>();

    StatusText(RunSight sight) {
        this.sight = sight;
    }

    String text() {
        add("%s  %s", "run", sight.where());
        add("%s  %s%s", "phase", phase(), stopping());
        if (sight.total() > 0) {
            add(
                    "%s  %d of %d stages, %.1f%% of the work%s",
                    "done",
                    sight.done(),
                    sight.total(),
                    100 * sight.fraction(),
                    sight.secondsLeft().isPresent()
                            ? ", about " + Text.seconds(sight.secondsLeft().getAsDouble()) + " left"
                            : "");
        }
        add("%s  %s", "held by", supervisor(sight));
        sight.shown()
                .map(LiveRun::trouble)
                .filter(text -> !text.isEmpty())
                .ifPresent(text -> add("%s  %s", "trouble", text));
        attempts();
        trained();
        workers();
        for (Map.Entry<String, Request> asked : sight.requests().entrySet()) {
            add(
                    "%s  %s by %s, not fulfilled yet",
                    "asked",
                    RequestEffect.name(asked.getValue()),
                    asked.getValue().by());
        }
        failures();
        return String.join(System.lineSeparator(), lines);
    }

    private void add(String format, String label, Object... values) {
        List<Object> all = new ArrayList<>(List.of("%-8s".formatted(label)));
        all.addAll(List.of(values));
        lines.add(String.format(Locale.ROOT, format, all.toArray()));
    }

    private String phase() {
        Phase phase = sight.state().phase();
        String name = phase == Phase.NEW ? "never started" : phase.name().toLowerCase(Locale.ROOT);
        return name
                + sight.state()
                        .rest()
                        .map(rest -> " since %s: %s".formatted(rest.since(), rest.reason()))
                        .orElse("");
    }

    private String stopping() {
        boolean stopping = sight.shown().filter(LiveRun::stopping).isPresent();
        return stopping && sight.state().isSupervised() ? ", about to stop" : "";
    }

    private void attempts() {
        List<LiveRun.Attempt> attempts = sight.attempts();
        for (LiveRun.Attempt attempt : attempts) {
            Progress progress = attempt.progress();
            add(
                    "%s  %s on %s: %s %s%s%s%s",
                    "running",
                    progress.ticket().stage().key(),
                    attempt.worker(),
                    progress.phase(),
                    RunView.detail(progress),
                    progress.savedStep() > 0 ? ", saved at step " + progress.savedStep() : "",
                    progress.ticket().attempt() > 1
                            ? ", attempt " + progress.ticket().attempt()
                            : "",
                    attempt.straggler() ? ", slower than its peers" : "");
        }
        sight.state().running().stream()
                .filter(running -> attempts.stream()
                        .noneMatch(attempt -> attempt.progress().ticket().equals(running.ticket())))
                .forEach(running -> add(
                        "%s  %s on %s, nothing heard of it%s",
                        "running",
                        running.ticket().stage().key(),
                        running.worker(),
                        running.saved().step() > 0
                                ? ", saved at step " + running.saved().step()
                                : ""));
    }

    /** The latest trained blocks, against the round-to-nearest state that they began from. */
    private void trained() {
        List<Committed> trained = sight.state().committed().stream()
                .filter(stage -> stage.result().figures().containsKey(Figures.START_LOSS))
                .toList();
        for (Committed stage : trained.subList(Math.max(0, trained.size() - BLOCKS), trained.size())) {
            Map<String, Double> figures = stage.result().figures();
            add(
                    "%s  %s: loss %.4g, before training %.4g (%s)",
                    "trained",
                    stage.ticket().stage().key(),
                    figures.getOrDefault(Figures.FINAL_LOSS, Double.NaN),
                    figures.getOrDefault(Figures.START_LOSS, Double.NaN),
                    Text.seconds(figures.getOrDefault(Figures.SECONDS, Double.NaN)));
        }
    }

    private void workers() {
        if (sight.pulse() != RunSight.Pulse.LIVE) {
            return;
        }
        for (LiveRun.Worker worker : sight.shown().map(LiveRun::workers).orElse(List.of())) {
            List<String> traits = new ArrayList<>();
            traits.add(worker.reachable() ? (isBusy(worker) ? "busy" : "idle") : "out of reach");
            if (!worker.assists().isEmpty()) {
                traits.add("assists " + worker.assists());
            }
            if (worker.quarantined()) {
                traits.add("in quarantine");
            }
            if (worker.slow()) {
                traits.add("slow");
            }
            if (sight.state().drained().contains(worker.name())) {
                traits.add("drained");
            }
            add("%s  %s (%s): %s", "worker", worker.name(), worker.numerics(), String.join(", ", traits));
        }
    }

    private boolean isBusy(LiveRun.Worker worker) {
        return sight.state().running().stream()
                .anyMatch(running -> running.worker().equals(worker.name()));
    }

    private void failures() {
        for (RunSight.Failed failed : sight.failures(FAILURES)) {
            add(
                    "%s  %s attempt %d on %s: %s",
                    "failed",
                    failed.stage(),
                    failed.failure().attempt(),
                    failed.failure().worker(),
                    failed.failure().reason());
        }
        sight.failure().map(FailureReport::whatToDo).ifPresent(advice -> add("%s  %s", "to do", advice));
    }

    /** Says who supervises. */
    static String supervisor(RunSight sight) {
        String age = Text.seconds(sight.age().toMillis() / 1e3);
        return switch (sight.pulse()) {
            case NONE -> "nobody has ever supervised this run";
            case RELEASED -> "nobody; the last was %s".formatted(holder(sight));
            case GONE -> "nobody: %s is gone without releasing the run".formatted(holder(sight));
            case STALE ->
                sight.shown().isEmpty()
                        ? "%s, whose heartbeat has the shape of another version of Blocksmith: whether it lives is not known"
                                .formatted(holder(sight))
                        : "%s, whose last heartbeat is about %s old: dead, frozen or cut off"
                                .formatted(holder(sight), age);
            case LIVE -> "%s, heartbeat about %s old".formatted(holder(sight), age);
        };
    }

    private static String holder(RunSight sight) {
        return sight.live()
                .map(LiveStatus::holder)
                .orElseThrow(() -> BlocksmithException.defect("no heartbeat, but a pulse of %s", sight.pulse()));
    }
}
