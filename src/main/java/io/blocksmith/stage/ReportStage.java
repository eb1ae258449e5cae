package io.blocksmith.stage;

import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.report.ReportData;
import io.blocksmith.report.ReportFiles;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.Event;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Segments;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers what the ledger and the curves tell into {@code report.json} and {@code report.html}. */
final class ReportStage {
    private static final Logger LOG = LoggerFactory.getLogger(ReportStage.class);

    private final RunContext run;
    private final InstantSource clock;

    ReportStage(RunContext run, InstantSource clock) {
        this.run = run;
        this.clock = clock;
    }

    AttemptResult run(Ticket ticket, AttemptProgress progress) {
        progress.begin("report");
        Path folder = run.scratch(ticket);
        write(ticket.run(), folder);
        run.requireRunning(ticket);
        put(folder);
        return new AttemptResult(List.of(), Map.of());
    }

    /** Reports a run that has stopped, as far as it came; a later end replaces this report. */
    void stopped() {
        RunState state = run.state();
        Path folder = run.scratch(state.nextTicket(new Stage.Report()));
        write(state.run(), folder);
        put(folder);
    }

    private void write(String name, Path folder) {
        try (CheckpointWeights model = run.openModel()) {
            new ReportFiles(folder).write(gather(name, run.state(), model));
        }
    }

    private void put(Path folder) {
        for (String name : List.of(RunNames.REPORT_JSON, RunNames.REPORT_HTML)) {
            run.store().put(name, folder.resolve(name));
        }
    }

    private ReportData gather(String name, RunState state, CheckpointWeights model) {
        LlamaConfig config = model.config();
        Package program = ReportStage.class.getPackage();
        List<Event> events = new Ledger(run.store()).events();
        return new ReportData(
                ReportData.VERSION,
                Objects.requireNonNullElse(program.getImplementationVersion(), "development"),
                name,
                clock.instant().toString(),
                new ReportData.Model(
                        run.inputs().model(),
                        "LlamaForCausalLM",
                        config.parameters(),
                        config.blocks(),
                        config.hidden(),
                        model.notices()),
                SpecFile.read(run.store()).identity().path("recipe"),
                blocks(state, config),
                endToEnd(state),
                perplexities(state),
                sizes(state, model),
                stages(state),
                FailureReport.attempts(events).stream()
                        .map(ReportStage::failure)
                        .toList(),
                FailureReport.of(events)
                        .map(report -> new ReportData.Stop(report.stage(), report.reason(), report.whatToDo()))
                        .orElse(null),
                Map.of(
                        "Java", Runtime.version().toString(),
                        "compute", run.compute().fingerprint(),
                        "cores", Integer.toString(Runtime.getRuntime().availableProcessors()),
                        "system", System.getProperty("os.name") + " " + System.getProperty("os.arch")));
    }

    private List<ReportData.Block> blocks(RunState state, LlamaConfig config) {
        Segments segments = run.plan().segments();
        List<ReportData.Block> blocks = new ArrayList<>();
        for (int block = 0; block < config.blocks(); block++) {
            Stage trained = new TrainBlock(block);
            if (!(state.stage(trained) instanceof Committed first)) {
                continue;
            }
            LossCurves.Curves curves = curves(state, trained);
            blocks.add(new ReportData.Block(
                    block,
                    segments.of(block).segment(),
                    figure(first.result(), Figures.START_LOSS),
                    figure(first.result(), Figures.FINAL_LOSS),
                    figure(first.result(), Figures.TRAIN_LOSS),
                    figure(first.result(), Figures.SECONDS),
                    (long) figure(first.result(), Figures.PEAK_BYTES),
                    first.attempts(),
                    repair(state, block),
                    points(curves.train()),
                    points(curves.validation())));
        }
        return blocks;
    }

    /** Null without a repair pass, or when the run has not come so far. */
    private static ReportData.Repair repair(RunState state, int block) {
        return state.result(new RepairBlock(block))
                .map(result ->
                        new ReportData.Repair(figure(result, Figures.START_LOSS), figure(result, Figures.FINAL_LOSS)))
                .orElse(null);
    }

    /** A damaged curve is left out: no block is trained again for a picture. */
    private LossCurves.Curves curves(RunState state, Stage stage) {
        try {
            return LossCurves.read(run.object(state, stage, LossCurves.FILE));
        } catch (DamagedResultException damaged) {
            LOG.warn("the report shows no losses of {}: {}", stage.key(), damaged.getMessage());
            return new LossCurves.Curves(List.of(), List.of());
        }
    }

    private static ReportData.Failure failure(FailureReport.Attempt attempt) {
        return new ReportData.Failure(
                attempt.stage(),
                attempt.attempt(),
                attempt.worker(),
                attempt.category().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                attempt.reason(),
                attempt.at().toString(),
                attempt.step(),
                attempt.losses(),
                attempt.adjustment().learningRateFactor(),
                attempt.adjustment().microBatches());
    }

    /** Null when the run has not come so far. */
    private ReportData.EndToEnd endToEnd(RunState state) {
        if (!(state.stage(new EndToEnd()) instanceof Committed trained)) {
            return null;
        }
        StageResult result = trained.result();
        LossCurves.Curves curves = curves(state, new EndToEnd());
        return new ReportData.EndToEnd(
                figure(result, Figures.SECONDS),
                (long) figure(result, Figures.PEAK_BYTES),
                points(curves.train()),
                points(curves.validation()));
    }

    private List<ReportData.Perplexity> perplexities(RunState state) {
        String text = run.inputs()
                .evaluationText()
                .map(file -> Path.of(file).getFileName().toString())
                .orElse("validation windows of "
                        + Path.of(run.inputs().calibration()).getFileName());
        List<ReportData.Perplexity> rows = new ArrayList<>();
        for (Subject subject : Subject.values()) {
            state.result(new Evaluate(subject))
                    .ifPresent(result -> rows.add(new ReportData.Perplexity(
                            subject.key(),
                            figure(result, Figures.PERPLEXITY),
                            (long) figure(result, Figures.TOKENS),
                            (int) figure(result, Figures.CONTEXT),
                            (int) figure(result, Figures.WINDOWS),
                            text)));
        }
        return rows;
    }

    private List<ReportData.Size> sizes(RunState state, CheckpointWeights model) {
        List<ReportData.Size> sizes = new ArrayList<>();
        sizes.add(new ReportData.Size(
                "input model", model.checkpoint().bytes(), run.inputs().model()));
        for (ExportFormat format : run.recipe().exports()) {
            state.result(new Export(format))
                    .ifPresent(result -> sizes.add(new ReportData.Size(
                            format.key(), (long) figure(result, Figures.BYTES), "export/" + format.key())));
        }
        return sizes;
    }

    private static List<ReportData.StageCost> stages(RunState state) {
        return state.committed().stream()
                .map(stage -> new ReportData.StageCost(
                        stage.ticket().stage().key(),
                        figure(stage.result(), Figures.SECONDS),
                        (long) figure(stage.result(), Figures.PEAK_BYTES),
                        stage.attempts()))
                .toList();
    }

    private static double figure(StageResult result, String name) {
        return result.figures().getOrDefault(name, Double.NaN);
    }

    private static List<ReportData.LossPoint> points(List<LossCurves.Point> points) {
        return points.stream()
                .map(point -> new ReportData.LossPoint(point.step(), point.loss()))
                .toList();
    }
}
