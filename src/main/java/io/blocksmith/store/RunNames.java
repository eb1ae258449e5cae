package io.blocksmith.store;

import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import java.util.Locale;

/**
 * What things in a run folder are called. Everything that an attempt writes carries its name, so that a stale attempt
 * can overwrite nothing; exports and the report stand where users look for them.
 *
 * <pre>
 * spec.json                                          the frozen specification
 * ledger/00000042.json                               the events
 * boundaries/008/block-007-attempt-2/quantized/...   hidden states that enter block 8, as that attempt left them
 * blocks/007/attempt-2/...                           a trained block; repaired: blocks/007/repair-attempt-1/...
 * end-to-end/attempt-1/...                           E2E-QP
 * evaluations/block-ap/attempt-1/...                 perplexities
 * export/gptq/...                                    finished models
 * report.html, report.json
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

    public static final String BOUNDARIES = "boundaries/";

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

    private static String attemptKey(Ticket ticket) {
        return "%s-attempt-%d".formatted(ticket.stage().key(), ticket.attempt());
    }
}
