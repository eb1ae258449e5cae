package io.blocksmith.cli;

import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.StageResult;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.stage.Figures;
import io.blocksmith.store.RunNames;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a finished run answers: the perplexity table, and where its results lie. */
final class RunSummary {
    private final Path folder;
    private final RunState state;

    RunSummary(Path folder, RunState state) {
        this.folder = folder;
        this.state = state;
    }

    void print(PrintStream out, boolean json) {
        if (json) {
            out.println(Json.write(tree()));
        } else {
            table(out);
        }
    }

    private void table(PrintStream out) {
        out.println();
        out.println("perplexity");
        for (Subject subject : Subject.values()) {
            state.result(new Evaluate(subject))
                    .ifPresent(result -> out.printf(
                            Locale.ROOT,
                            "  %-18s %10.4g   (%d windows of %d tokens)%n",
                            subject.key(),
                            figure(result, Figures.PERPLEXITY),
                            (long) figure(result, Figures.WINDOWS),
                            (long) figure(result, Figures.CONTEXT)));
        }
        out.println();
        exports().forEach((format, path) -> out.printf("%-12s %s%n", format, path));
        out.printf("%-12s %s%n", "report", folder.resolve(RunNames.REPORT_HTML));
    }

    private Map<String, Object> tree() {
        Map<String, Object> perplexities = new LinkedHashMap<>();
        for (Subject subject : Subject.values()) {
            state.result(new Evaluate(subject))
                    .ifPresent(result -> perplexities.put(subject.key(), figure(result, Figures.PERPLEXITY)));
        }
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("run", folder.toString());
        tree.put("state", state.phase().name().toLowerCase(Locale.ROOT));
        tree.put("perplexity", perplexities);
        tree.put("exports", exports());
        tree.put("report", folder.resolve(RunNames.REPORT_HTML).toString());
        return tree;
    }

    private Map<String, String> exports() {
        Map<String, String> exports = new LinkedHashMap<>();
        for (ExportFormat format : ExportFormat.values()) {
            if (state.isCommitted(new Export(format))) {
                exports.put(
                        format.key(),
                        folder.resolve("export").resolve(format.key()).toString());
            }
        }
        return exports;
    }

    private static double figure(StageResult result, String name) {
        return result.figures().getOrDefault(name, Double.NaN);
    }
}
