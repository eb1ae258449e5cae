package io.blocksmith.stage;

import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.report.ReportData;
import io.blocksmith.report.ReportFiles;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Segments;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
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
        try (CheckpointWeights model = run.openModel()) {
            new ReportFiles(folder).write(gather(ticket.run(), run.state(), model));
        }
        run.requireRunning(ticket);
        for (String name : List.of(RunNames.REPORT_JSON, RunNames.REPORT_HTML)) {
            run.store().put(name, folder.resolve(name));
        }
        return new AttemptResult(List.of(), Map.of());
    }

    private ReportData gather(String name, RunState state, CheckpointWeights model) {
        LlamaConfig config = model.config();
        Package program = ReportStage.class.getPackage();
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
                        config.hidden()),
                SpecFile.read(run.store()).identity().path("recipe"),
                blocks(state, config),
                endToEnd(state),
                perplexities(state),
                sizes(state, model),
                stages(state),
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
            Committed first = RunContext.committed(state, trained);
            Committed last = RunContext.committed(state, run.plan().finalStage(block));
            LossCurves.Curves curves = curves(state, trained);
            blocks.add(new ReportData.Block(
                    block,
                    segments.of(block).segment(),
                    figure(first.result(), Figures.START_LOSS),
                    figure(last.result(), Figures.FINAL_LOSS),
                    figure(last.result(), Figures.TRAIN_LOSS),
                    figure(first.result(), Figures.SECONDS),
                    (long) figure(first.result(), Figures.PEAK_BYTES),
                    first.attempts(),
                    points(curves.train()),
                    points(curves.validation())));
        }
        return blocks;
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

    private ReportData.EndToEnd endToEnd(RunState state) {
        StageResult result = RunContext.committed(state, new EndToEnd()).result();
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
