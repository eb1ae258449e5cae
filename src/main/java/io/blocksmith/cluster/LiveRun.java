package io.blocksmith.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Trail;
import io.blocksmith.run.WorkerView;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a supervisor shows to people beside its ledger; the status of {@code live.json}. Keys that a newer Blocksmith adds
 * are read over.
 *
 * @param at by the supervisor's clock
 * @param stopping whether the run is on its way to rest
 * @param secondsLeft at the pace of this supervision; null while that is not known
 * @param trouble what keeps the supervisor from going on; empty when nothing does
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LiveRun(
        Instant at,
        RunState.Phase phase,
        String rest,
        boolean stopping,
        Double secondsLeft,
        String trouble,
        List<Attempt> attempts,
        List<Worker> workers) {
    public LiveRun {
        attempts = List.copyOf(attempts);
        workers = List.copyOf(workers);
    }

    /**
     * An attempt under way.
     *
     * @param straggler whether it is much slower than its peers
     * @param progress its latest word; phase {@code starting} before the first
     * @param savedAt when its newest checkpoint was first heard of; null when there is none, or when that is not known
     * @param curve its training losses so far, thinned, by ascending step
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Attempt(
            String worker,
            Instant since,
            boolean straggler,
            Progress progress,
            Instant savedAt,
            List<Trail.Point> curve) {
        public Attempt {
            curve = List.copyOf(curve);
        }

        /** The same as a trail to go on from. */
        Trail.Seen seen() {
            return new Trail.Seen(progress.savedStep(), Optional.ofNullable(savedAt), curve);
        }
    }

    /**
     * A worker that introduced itself and was not removed since.
     *
     * @param holds attempts that it was given and has not reported the end of
     * @param assists the attempt of another worker that it shares; empty when there is none
     * @param quarantined whether it failed so often that others are preferred
     * @param drained whether it gets no work because somebody wants it so
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Worker(
            String name,
            String numerics,
            String version,
            boolean reachable,
            List<String> holds,
            String assists,
            boolean quarantined,
            boolean slow,
            boolean drained) {
        public Worker {
            holds = List.copyOf(holds);
        }
    }

    static LiveRun of(RunStatus status, Instant at) {
        RunState state = status.state();
        return new LiveRun(
                at,
                state.phase(),
                state.rest().map(RunState.Rest::reason).orElse(""),
                status.stopping(),
                status.secondsLeft().isPresent() ? status.secondsLeft().getAsDouble() : null,
                status.trouble().orElse(""),
                state.running().stream()
                        .map(running -> attempt(status, running))
                        .toList(),
                new TreeMap<>(status.known())
                        .entrySet().stream().map(known -> worker(status, known)).toList());
    }

    private static Attempt attempt(RunStatus status, Running running) {
        Progress silent = new Progress(
                running.ticket(),
                "starting",
                0,
                0,
                0,
                0,
                Double.NaN,
                Double.NaN,
                Double.NaN,
                Double.NaN,
                running.saved().step(),
                Double.NaN);
        Trail.Seen seen = status.trails().getOrDefault(running.ticket(), Trail.Seen.NOTHING);
        return new Attempt(
                running.worker(),
                running.since(),
                status.stragglers().contains(running.ticket()),
                status.progress().getOrDefault(running.ticket(), silent),
                seen.savedAt().orElse(null),
                seen.losses());
    }

    private static Worker worker(RunStatus status, Map.Entry<String, Registration> known) {
        String name = known.getKey();
        Registration registration = known.getValue();
        WorkerView view = status.reachable()
                .getOrDefault(
                        name,
                        new WorkerView(
                                registration.numerics(), registration.holds(), registration.assists(), false, false));
        return new Worker(
                name,
                registration.numerics(),
                registration.version(),
                status.reachable().containsKey(name),
                view.holds().stream().map(Object::toString).sorted().toList(),
                view.assists().map(Object::toString).orElse(""),
                view.quarantined(),
                view.slow(),
                status.state().drained().contains(name));
    }

    /** The attempt under way at a stage of this key. */
    public Optional<Attempt> attempt(String stage) {
        return attempts.stream()
                .filter(attempt -> attempt.progress().ticket().stage().key().equals(stage))
                .findFirst();
    }
}
