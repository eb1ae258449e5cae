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
import java.util.function.Function;
import java.util.function.LongSupplier;

/** The stages of EfficientQAT, each in a class of its own; measures how long each took and how much memory it had. */
public final class Pipeline implements StageRunner {
    private final RunContext run;
    private final LongSupplier nanoTime;
    private final InstantSource clock;

    /**
     * Makes a runner.
     *
     * @param nanoTime measures durations
     * @param clock dates the report
     */
    public Pipeline(RunContext run, LongSupplier nanoTime, InstantSource clock) {
        this.run = run;
        this.nanoTime = nanoTime;
        this.clock = clock;
    }

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        AttemptProgress told = new AttemptProgress(ticket, monitor, nanoTime);
        ProcessMemory.resetPeak();
        try {
            AttemptResult result = switch (ticket.stage()) {
                case Stage.Capture(int segment, int _) -> new CaptureStage(run).run(ticket, segment, told);
                case Stage.TrainBlock(int block) -> new BlockStage(run).train(assignment, block, told);
                case Stage.RepairBlock(int block) -> new BlockStage(run).repair(assignment, block, told);
                case Stage.EndToEnd() -> new EndToEndStage(run).run(ticket, told);
                case Stage.Evaluate(Stage.Subject subject) -> new EvaluateStage(run).run(ticket, subject, told);
                case Stage.Export export -> new ExportStage(run).run(ticket, export.format(), told);
                case Stage.Report() -> new ReportStage(run, clock).run(ticket, told);
            };
            return result.with(told.seconds(), ProcessMemory.peakBytes());
        } catch (EngineException e) {
            // Everything else that libtorch throws is our mistake.
            throw DeviceMemory.failure(e)
                    .<RuntimeException>map(Function.identity())
                    .orElse(e);
        } finally {
            run.clear();
        }
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        throw BlocksmithException.defect("%s cannot be assisted", assignment.ticket());
    }
}
