package io.blocksmith.simulate;

import io.blocksmith.simulate.Sweep.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a sweep came to, as text for people and as a tree for JSON; both hold the same figures. */
public final class SimulationReport {
    private static final double HOUR = 3600;
    private static final double TERA = 1e12;
    /** As wide as their columns. */
    private static final List<String> HEADINGS = List.of(
            "nodes",
            "segments",
            "save-s",
            "median-h",
            "worst-h",
            "speed-up",
            "blocks-h",
            "  E2E-h",
            "goodput",
            "compute",
            "store",
            "idle",
            "down",
            "lost-h",
            "lost-steps",
            "failures",
            "save-TB",
            "states-TB",
            "exchange-TB",
            "result-TB",
            " ended");

    /** For people; the whole list is the Javadoc of this package. */
    private static final List<String> ASSUMPTIONS = List.of(
            "One rate for everything: only matrix products and attention count, see --step-seconds.",
            "Hidden states are read once before a stage and written once after it; reading batches costs nothing.",
            "Each node has the whole --store-bandwidth to itself; model weights, messages and the ledger cost nothing.",
            "Nodes fail at exponential times, return empty after --restart, are missed after --detection; nothing else"
                    + " fails.",
            "E2E-QP: replicas write their shards and read all, and wait for the one with the most.");

    private final Sweep sweep;
    private final String rateSource;
    private final List<Row> rows;

    /**
     * The report.
     *
     * @param rateSource where the rate comes from, in words
     */
    public SimulationReport(Sweep sweep, String rateSource, List<Row> rows) {
        this.sweep = sweep;
        this.rateSource = rateSource;
        this.rows = List.copyOf(rows);
    }

    /** A table, what it was made with, and what was assumed. */
    public String text() {
        List<String> lines = new ArrayList<>();
        lines.add(String.join(" ", HEADINGS));
        rows.forEach(row -> lines.add(line(row)));
        lines.add("");
        lines.add(rateSource);
        lines.add(trials());
        lines.add("Figures are those of the median run, but for worst-h. Goodput: computing that went into a result, of"
                + " all. compute, store, idle, down: shares of nodes x makespan.");
        lines.add("save-s: seconds from save to save. blocks-h: from the start to the last block's commit. E2E-h: from"
                + " E2E-QP's first start to its commit.");
        lines.add("lost-h: node-hours of computing that went into no result. lost-steps: optimizer steps to be taken"
                + " again. result-TB: trained blocks, scales, exports.");
        lines.add(
                "failures: of nodes, and after a + of the supervisor's node. TB: written to and read from the store.");
        lines.add("Assumed, not measured:");
        ASSUMPTIONS.forEach(assumption -> lines.add("- " + assumption));
        return String.join(System.lineSeparator(), lines);
    }

    private String trials() {
        int trials = sweep.trials();
        return trials == 1
                ? "One run each, seed %d.".formatted(sweep.seed())
                : "%d runs each, seeds %d to %d.".formatted(trials, sweep.seed(), sweep.seed() + trials - 1);
    }

    private String line(Row row) {
        RunFigures median = row.median();
        return line(
                row.scenario().cluster().nodes(),
                row.scenario().segments(),
                number("%.0f", row.scenario().cluster().checkpointSeconds()),
                makespan(median),
                makespan(row.worst()),
                number("%.2f", speedUp(row)),
                hours(median.blockSeconds()),
                hours(median.endToEndSeconds()),
                percent("%.1f%%", median.goodput()),
                percent("%.0f%%", median.computingShare()),
                percent("%.0f%%", median.storingShare()),
                percent("%.0f%%", median.idleShare()),
                percent("%.0f%%", median.downShare()),
                hours(median.lostComputing()),
                median.lostSteps(),
                median.takeovers() == 0 ? median.failures() : "%d+%d".formatted(median.failures(), median.takeovers()),
                tera(median, Traffic.CHECKPOINTS),
                tera(median, Traffic.STATES),
                tera(median, Traffic.EXCHANGE),
                tera(median, Traffic.RESULTS),
                ended(row));
    }

    private static String line(Object... cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.length - 1; i++) {
            String cell = cells[i].toString();
            line.repeat(' ', Math.max(0, HEADINGS.get(i).length() - cell.length()))
                    .append(cell)
                    .append(' ');
        }
        return line.append(' ').append(cells[cells.length - 1]).toString();
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }

    private static String percent(String format, double share) {
        return number(format, 100 * share);
    }

    private static String hours(double seconds) {
        return number("%.2f", seconds / HOUR);
    }

    private static String makespan(RunFigures figures) {
        return figures.completed() ? hours(figures.seconds()) : "-";
    }

    private static String tera(RunFigures figures, Traffic kind) {
        return number("%.1f", figures.traffic().get(kind) / TERA);
    }

    /** Against the first row; NaN when one of the two did not complete. */
    private double speedUp(Row row) {
        RunFigures first = rows.getFirst().median();
        return first.completed() && row.median().completed()
                ? first.seconds() / row.median().seconds()
                : Double.NaN;
    }

    private static String ended(Row row) {
        if (row.completed() == row.trials().size()) {
            return "completed";
        }
        return "%d of %d completed; %s"
                .formatted(row.completed(), row.trials().size(), row.worst().ending());
    }

    /** The same for programs: seconds, bytes, shares from 0 to 1; what is not known is missing. */
    public Map<String, Object> json() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("rate", rateSource);
        tree.put("flopsPerSecond", sweep.rate());
        tree.put("trials", sweep.trials());
        tree.put("seed", sweep.seed());
        tree.put("assumptions", ASSUMPTIONS);
        tree.put("rows", rows.stream().map(this::tree).toList());
        return tree;
    }

    private Map<String, Object> tree(Row row) {
        RunFigures median = row.median();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("nodes", row.scenario().cluster().nodes());
        tree.put("segments", row.scenario().segments());
        tree.put("checkpointSeconds", row.scenario().cluster().checkpointSeconds());
        tree.put("completed", row.completed());
        if (median.completed()) {
            tree.put("makespanSeconds", median.seconds());
        }
        if (row.worst().completed()) {
            tree.put("worstMakespanSeconds", row.worst().seconds());
        }
        putKnown(tree, "speedUp", speedUp(row));
        putKnown(tree, "blockSeconds", median.blockSeconds());
        putKnown(tree, "endToEndSeconds", median.endToEndSeconds());
        tree.put("goodput", median.goodput());
        tree.put("computingShare", median.computingShare());
        tree.put("storingShare", median.storingShare());
        tree.put("idleShare", median.idleShare());
        tree.put("downShare", median.downShare());
        tree.put("lostComputingSeconds", median.lostComputing());
        tree.put("lostSteps", median.lostSteps());
        tree.put("failures", median.failures());
        tree.put("takeovers", median.takeovers());
        Map<String, Object> traffic = new LinkedHashMap<>();
        for (Traffic kind : Traffic.values()) {
            traffic.put(kind.name().toLowerCase(Locale.ROOT), median.traffic().get(kind));
        }
        tree.put("trafficBytes", traffic);
        tree.put("ending", row.worst().ending());
        return tree;
    }

    private static void putKnown(Map<String, Object> tree, String key, double value) {
        if (!Double.isNaN(value)) {
            tree.put(key, value);
        }
    }
}
