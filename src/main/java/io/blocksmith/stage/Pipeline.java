package io.blocksmith.stage;

import ai.djl.engine.EngineException;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.run.Ticket;
import io.blocksmith.tensor.ProcessMemory;
import java.time.InstantSource;
import java.util.Locale;
import java.util.function.LongSupplier;

/** The stages of EfficientQAT, each in a class of its own; measures how long each took and how much memory it had. */
public final class Pipeline implements StageRunner {
    private final RunContext run;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final ExchangePace pace;

    /**
     * Makes a runner.
     *
     * @param nanoTime measures durations
     * @param clock dates the report
     */
    public Pipeline(RunContext run, LongSupplier nanoTime, InstantSource clock) {
        this(run, nanoTime, clock, ExchangePace.STANDARD);
    }

    Pipeline(RunContext run, LongSupplier nanoTime, InstantSource clock, ExchangePace pace) {
        this.run = run;
        this.nanoTime = nanoTime;
        this.clock = clock;
        this.pace = pace;
    }

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        AttemptProgress told = new AttemptProgress(ticket, monitor, nanoTime);
        ProcessMemory.resetPeak();
        try {
            AttemptResult result = switch (ticket.stage()) {
                case Stage.Capture capture -> new CaptureStage(run).run(ticket, capture, told);
                case Stage.TrainBlock(int block) -> new BlockStage(run).train(ticket, block, told);
                case Stage.RepairBlock(int block) -> new BlockStage(run).repair(ticket, block, told);
                case Stage.EndToEnd() -> new EndToEndStage(run, pace).run(assignment, told);
                case Stage.Evaluate(Stage.Subject subject) -> new EvaluateStage(run).run(ticket, subject, told);
                case Stage.Export export -> new ExportStage(run).run(ticket, export.format(), told);
                case Stage.Report() -> new ReportStage(run, clock).run(ticket, told);
            };
            return result.with(told.seconds(), ProcessMemory.peakBytes());
        } catch (EngineException e) {
            throw named(e);
        } finally {
            run.clear();
        }
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        if (!(ticket.stage() instanceof Stage.EndToEnd)) {
            throw BlocksmithException.defect("%s cannot be assisted", ticket);
        }
        AttemptProgress told = new AttemptProgress(ticket, monitor, nanoTime);
        try {
            new EndToEndAssistance(run, pace, assignment, worker, told).run();
        } catch (EngineException e) {
            throw named(e);
        } finally {
            run.clear();
        }
    }

    /** libtorch reports lack of memory as a text; everything else it throws is our mistake. */
    private static RuntimeException named(EngineException failure) {
        String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("can't allocate memory") || message.contains("out of memory")) {
            return BlocksmithException.environment(
                    failure,
                    "out of memory on the device: %s. Lower block-ap.batch-size or raise end-to-end.gradient-shards; "
                            + "`blocksmith inspect` tells what a recipe needs",
                    failure.getMessage().lines().findFirst().orElse(""));
        }
        return failure;
    }
}
