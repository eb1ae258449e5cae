package io.blocksmith.status;

import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.stage.Figures;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** Events of a ledger for programs that show them to people: where in the run, and one plain sentence with the reason. */
public final class EventJson {
    /** Every {@code kind} that there is: the event's name in the ledger. */
    public static final List<String> KINDS = List.of(
            "run-submitted",
            "supervisor-started",
            "stage-started",
            "stage-committed",
            "stage-failed",
            "stage-cancelled",
            "stage-damaged",
            "stage-reset",
            "run-paused",
            "run-resumed",
            "run-stopped",
            "run-completed",
            "worker-drained",
            "worker-returned");

    private EventJson() {}

    /** What an event is about; what it is not about is null. */
    private record Told(String kind, String stage, Integer attempt, String worker, String text, Level level) {}

    private enum Level {
        INFO,
        WARNING,
        ERROR;

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The events after the one with the number {@code after}, oldest first.
     *
     * @param events all of a ledger, the first of which has the number 1
     */
    public static List<Map<String, Object>> after(List<Event> events, long after) {
        int first = Math.clamp(after, 0, events.size());
        return IntStream.range(first, events.size())
                .mapToObj(index -> tree(index + 1L, events.get(index)))
                .toList();
    }

    /**
     * The latest events, and before them the latest of those that a person should look at, however old: what went wrong in
     * the night is not covered by the stages that went well since.
     *
     * @param events all of a ledger, the first of which has the number 1
     * @param latest how many of any level
     * @param notable how many warnings and errors at most
     */
    public static List<Map<String, Object>> latest(List<Event> events, int latest, int notable) {
        int first = Math.max(0, events.size() - latest);
        Deque<Map<String, Object>> told = new ArrayDeque<>(after(events, first));
        long found = told.stream().filter(EventJson::isNotable).count();
        for (int index = first - 1; index >= 0 && found < notable; index--) {
            if (told(events.get(index)).level() != Level.INFO) {
                told.addFirst(tree(index + 1L, events.get(index)));
                found++;
            }
        }
        return List.copyOf(told);
    }

    private static boolean isNotable(Map<String, Object> tree) {
        return !Level.INFO.key().equals(tree.get("level"));
    }

    private static Map<String, Object> tree(long sequence, Event event) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("sequence", sequence);
        tree.putAll(of(event));
        return tree;
    }

    /** An event by itself. */
    public static Map<String, Object> of(Event event) {
        Told told = told(event);
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("at", event.at().toString());
        tree.put("kind", told.kind());
        tree.put("stage", told.stage());
        tree.put("attempt", told.attempt());
        tree.put("worker", told.worker());
        tree.put("text", told.text());
        tree.put("level", told.level().key());
        return tree;
    }

    private static Told told(Event event) {
        return switch (event) {
            case RunSubmitted submitted ->
                ofRun("run-submitted", Level.INFO, "the run was submitted: a model of %d blocks", submitted.blocks());
            case SupervisorStarted started ->
                ofRun(
                        "supervisor-started",
                        Level.INFO,
                        "%s supervises the run now (epoch %d)",
                        started.holder(),
                        started.epoch());
            case StageStarted started ->
                ofAttempt(
                        "stage-started",
                        started.ticket(),
                        started.worker(),
                        Level.INFO,
                        "%s was given to %s%s",
                        name(started.ticket()),
                        started.worker(),
                        adjusted(started.adjustment()));
            case StageCommitted committed ->
                ofAttempt(
                        "stage-committed",
                        committed.ticket(),
                        null,
                        Level.INFO,
                        "%s is done%s",
                        committed.ticket().stage().key(),
                        figures(committed.ticket().stage(), committed.result()));
            case StageFailed failed ->
                ofAttempt(
                        "stage-failed",
                        failed.ticket(),
                        failed.worker(),
                        Level.WARNING,
                        "%s failed on %s: %s",
                        name(failed.ticket()),
                        failed.worker(),
                        failed.reason());
            case StageCancelled cancelled ->
                ofAttempt(
                        "stage-cancelled",
                        cancelled.ticket(),
                        null,
                        Level.INFO,
                        "%s was asked to stop%s",
                        name(cancelled.ticket()),
                        saved(cancelled.evidence()));
            case StageDamaged damaged ->
                ofAttempt(
                        "stage-damaged",
                        damaged.ticket(),
                        null,
                        Level.WARNING,
                        "%s found the result of %s damaged, which is made again: %s",
                        damaged.ticket().stage().key(),
                        damaged.source().key(),
                        damaged.reason());
            case StageReset(var _, Stage stage, String reason) ->
                new Told(
                        "stage-reset",
                        stage.key(),
                        null,
                        null,
                        "%s starts afresh: %s".formatted(stage.key(), reason),
                        Level.INFO);
            case RunPaused paused ->
                ofRun(
                        "run-paused",
                        paused.cause() == RestCause.REQUESTED ? Level.INFO : Level.WARNING,
                        "the run pauses: %s",
                        paused.reason());
            case RunResumed resumed -> ofRun("run-resumed", Level.INFO, "the run goes on: %s", resumed.reason());
            case WorkerDrained drained ->
                ofWorker(
                        "worker-drained",
                        drained.worker(),
                        "%s gets no more work: %s",
                        drained.worker(),
                        drained.reason());
            case WorkerReturned returned ->
                ofWorker("worker-returned", returned.worker(), "%s gets work again", returned.worker());
            case RunCompleted _ -> ofRun("run-completed", Level.INFO, "the run is complete");
            case RunStopped stopped ->
                ofRun(
                        "run-stopped",
                        stopped.cause() == RestCause.FAILURE ? Level.ERROR : Level.INFO,
                        "the run stopped: %s",
                        stopped.reason());
        };
    }

    private static Told ofRun(String kind, Level level, String text, Object... arguments) {
        return new Told(kind, null, null, null, text(text, arguments), level);
    }

    private static Told ofWorker(String kind, String worker, String text, Object... arguments) {
        return new Told(kind, null, null, worker, text(text, arguments), Level.INFO);
    }

    private static Told ofAttempt(
            String kind, Ticket ticket, String worker, Level level, String text, Object... arguments) {
        return new Told(kind, ticket.stage().key(), ticket.attempt(), worker, text(text, arguments), level);
    }

    private static String text(String text, Object... arguments) {
        return String.format(Locale.ROOT, text, arguments);
    }

    private static String name(Ticket ticket) {
        return ticket.attempt() == 1
                ? ticket.stage().key()
                : "%s (attempt %d)".formatted(ticket.stage().key(), ticket.attempt());
    }

    private static String adjusted(Adjustment adjustment) {
        String rates = adjustment.learningRateFactor() == 1
                ? ""
                : text(", at %.3g of the learning rates", adjustment.learningRateFactor());
        String parts =
                adjustment.microBatches() == 1 ? "" : text(", in %d parts of a batch", adjustment.microBatches());
        return rates + parts;
    }

    private static String figures(Stage stage, StageResult result) {
        Map<String, Double> figures = result.figures();
        if (figures.containsKey(Figures.PERPLEXITY)) {
            return text(": perplexity %.3f", figures.get(Figures.PERPLEXITY));
        }
        if (figures.containsKey(Figures.START_LOSS) && figures.containsKey(Figures.FINAL_LOSS)) {
            return text(
                    ": loss %.3g, before %s %.3g",
                    figures.get(Figures.FINAL_LOSS),
                    stage instanceof Stage.RepairBlock ? "the repair" : "training",
                    figures.get(Figures.START_LOSS));
        }
        return "";
    }

    private static String saved(Evidence evidence) {
        return evidence.savedStep() > 0 ? text(" and saved step %d", evidence.savedStep()) : "";
    }
}
