package io.blocksmith.store;

import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What things in a run folder are called. Everything that an attempt writes carries its name, so that a stale attempt
 * can overwrite nothing; exports and the report stand where users look for them.
 *
 * <pre>
 * spec.json                                          the frozen specification
 * ledger/00000042.json                               the events
 * boundaries/008/block-007-attempt-2/quantized/...   hidden states that enter block 8, as that attempt left them
 * blocks/007/attempt-2/...                           a trained block; repaired: blocks/007/repair-attempt-1/...
 * blocks/007/attempt-2/checkpoint-0000000096/...     where the training of that block can be gone on from
 * end-to-end/attempt-1/...                           E2E-QP, with checkpoints likewise
 * end-to-end/attempt-1/exchange/...                  gradients that its replicas share
 * evaluations/block-ap/attempt-1/...                 perplexities
 * export/gptq/...                                    finished models
 * report.html, report.json
 * requests/20261122T021914123-1a2b3c4d.json          what people ask of the supervisor
 * failure.json                                       why the run stopped, when a stage failed for good
 * live.json                                          the supervisor's heartbeat, replaced every few seconds
 * .tmp/OWNER/..., scratch/OWNER/...                  unfinished files of the process called OWNER; no objects
 * </pre>
 */
public final class RunNames {
    public static final String SPEC = "spec.json";
    public static final String REPORT_HTML = "report.html";
    public static final String REPORT_JSON = "report.json";
    /** The supervisor's heartbeat. */
    public static final String LIVE = "live.json";
    /** Why the run stopped, when a stage failed for good. */
    public static final String FAILURE = "failure.json";
    /** What people ask of the supervisor. */
    public static final String REQUESTS = "requests/";

    public static final String BOUNDARIES = "boundaries/";

    private static final String CHECKPOINT = "checkpoint-";
    private static final Pattern CHECKPOINT_OBJECT =
            Pattern.compile("attempt-([0-9]{1,9})/" + CHECKPOINT + "([0-9]{10})/");

    private static final String EXCHANGE = "exchange/";

    private RunNames() {}

    /** The two streams of hidden states. */
    public enum Stream {
        /** Through the full-precision blocks. */
        FULL,
        /** Through the trained blocks. */
        QUANTIZED;

        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Prefix, ending in a slash or empty, of what {@code ticket} writes besides boundaries. */
    public static String attempt(Ticket ticket) {
        return switch (ticket.stage()) {
            case Capture ignored -> "captures/" + attemptKey(ticket) + "/";
            case TrainBlock(int block) -> "blocks/%03d/attempt-%d/".formatted(block, ticket.attempt());
            case RepairBlock(int block) -> "blocks/%03d/repair-attempt-%d/".formatted(block, ticket.attempt());
            case EndToEnd ignored -> "end-to-end/attempt-%d/".formatted(ticket.attempt());
            case Evaluate evaluate ->
                "evaluations/%s/attempt-%d/".formatted(evaluate.subject().key(), ticket.attempt());
            case Export export -> "export/%s/".formatted(export.format().key());
            case Report ignored -> "";
        };
    }

    /**
     * Prefix, ending in a slash, of one stream of hidden states as {@code ticket} writes it.
     *
     * @param block the block that reads them
     */
    public static String boundary(Ticket ticket, int block, Stream stream) {
        return "%s%03d/%s/%s/".formatted(BOUNDARIES, block, attemptKey(ticket), stream.key());
    }

    /** Whether the object {@code name} is part of a boundary written by {@code ticket}. */
    static boolean isBoundaryOf(Ticket ticket, String name) {
        return name.startsWith(BOUNDARIES) && name.contains("/" + attemptKey(ticket) + "/");
    }

    /** Prefix, ending in a slash, of the checkpoint that {@code ticket} saves after {@code step} steps. */
    public static String checkpoint(Ticket ticket, long step) {
        return "%s%s%010d/".formatted(attempt(ticket), CHECKPOINT, step);
    }

    /** The attempt that the checkpoint object {@code name} was saved by; empty when it is no part of a checkpoint. */
    public static OptionalInt checkpointAttempt(String name) {
        Matcher matcher = CHECKPOINT_OBJECT.matcher(name);
        return matcher.find() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** The step that the checkpoint object {@code name} was saved after; -1 when it is no part of a checkpoint. */
    public static long checkpointStep(String name) {
        Matcher matcher = CHECKPOINT_OBJECT.matcher(name);
        return matcher.find() ? Long.parseLong(matcher.group(2)) : -1;
    }

    /**
     * Prefix of what all attempts at {@code stage} write: the objects below it that have a {@link #checkpointAttempt} are
     * the stage's checkpoints.
     */
    public static String checkpoints(Stage stage) {
        String first = attempt(new Ticket("", stage, 1, 0));
        return first.endsWith("attempt-1/") ? first.substring(0, first.length() - "1/".length()) : first;
    }

    /** Prefix, ending in a slash, of what the replicas of E2E-QP tell each other during the attempt {@code ticket}. */
    public static String exchange(Ticket ticket) {
        return attempt(ticket) + EXCHANGE;
    }

    /** Whether {@code name} is part of an exchange between replicas, of any attempt. */
    public static boolean isExchange(String name) {
        return name.contains("/" + EXCHANGE);
    }

    private static String attemptKey(Ticket ticket) {
        return "%s-attempt-%d".formatted(ticket.stage().key(), ticket.attempt());
    }
}
