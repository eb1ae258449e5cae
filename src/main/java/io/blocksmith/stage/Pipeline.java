package io.blocksmith.stage;

import ai.djl.engine.EngineException;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Measurement;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.StorageFailure;
import io.blocksmith.tensor.ProcessMemory;
import java.time.InstantSource;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The stages of EfficientQAT, each in a class of its own; measures how long each took and how much memory it had. */
public final class Pipeline implements StageRunner {
    private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

    private final RunContext run;
    private final StageMeter meter;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final ExchangePace pace;

    /** A runner that nobody watches. */
    public Pipeline(RunContext run, LongSupplier nanoTime, InstantSource clock) {
        this(run, StageMeter.NONE, nanoTime, clock);
    }

    /**
     * Makes a runner.
     *
     * @param meter told of what attempts measure
     * @param nanoTime measures durations
     * @param clock dates the report
     */
    public Pipeline(RunContext run, StageMeter meter, LongSupplier nanoTime, InstantSource clock) {
        this(run, meter, nanoTime, clock, ExchangePace.STANDARD);
    }

    Pipeline(RunContext run, StageMeter meter, LongSupplier nanoTime, InstantSource clock, ExchangePace pace) {
        this.run = run;
        this.meter = meter;
        this.nanoTime = nanoTime;
        this.clock = clock;
        this.pace = pace;
    }

    /** Writes the report of a run that has stopped, as far as it came. */
    public void reportStop() {
        try {
            new ReportStage(run, clock).stopped();
        } finally {
            run.clear();
        }
    }

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        AttemptProgress told = new AttemptProgress(ticket, monitor, meter, nanoTime);
        ProcessMemory.resetPeak();
        return measured(told, () -> {
            AttemptResult result = switch (ticket.stage()) {
                case Stage.Capture capture -> new CaptureStage(run).run(ticket, capture, told);
                case Stage.TrainBlock(int block) -> new BlockStage(run).train(assignment, block, told);
                case Stage.RepairBlock(int block) -> new BlockStage(run).repair(assignment, block, told);
                case Stage.EndToEnd() -> new EndToEndStage(run, pace).run(assignment, told);
                case Stage.Evaluate(Stage.Subject subject) -> new EvaluateStage(run).run(ticket, subject, told);
                case Stage.Export export -> new ExportStage(run).run(ticket, export.format(), told);
                case Stage.Report() -> new ReportStage(run, clock).run(ticket, told);
            };
            return result.with(told.seconds(), ProcessMemory.peakBytes());
        });
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        if (!(ticket.stage() instanceof Stage.EndToEnd)) {
            throw BlocksmithException.defect("%s cannot be assisted", ticket);
        }
        AttemptProgress told = new AttemptProgress(ticket, monitor, meter, nanoTime);
        measured(told, () -> {
            new EndToEndAssistance(run, pace, assignment, worker, told).run();
            return worker;
        });
    }

    private <R> R measured(AttemptProgress told, Supplier<R> work) {
        told.meter().tell(new Measurement.Began());
        try {
            return work.get();
        } catch (EngineException e) {
            throw named(e);
        } catch (BlocksmithException e) {
            told.meter().failed(e.category());
            throw named(e);
        } finally {
            told.meter().ended();
            clear();
        }
    }

    /** Work is written where the store is: when that has no room or fails, the attempt is not to blame. */
    private static BlocksmithException named(BlocksmithException failure) {
        return switch (failure.category()) {
            case ENVIRONMENT, TRANSIENT ->
                StorageFailure.category(failure)
                        .map(category -> new BlocksmithException(category, failure.getMessage(), failure))
                        .orElse(failure);
            case USER, NOT_FINITE, DEVICE_MEMORY, STORE_FULL, STORE_UNAVAILABLE, HUNG, WORKER_LOST, DAMAGED, DEFECT ->
                failure;
        };
    }

    /** What cannot be deleted now is deleted before the next attempt; it must not hide how this one ended. */
    private void clear() {
        try {
            run.clear();
        } catch (BlocksmithException e) {
            LOG.warn("scratch files stay for now: {}", e.getMessage());
        }
    }

    /** What libtorch throws is our mistake, unless the device is to blame. */
    private static RuntimeException named(EngineException failure) {
        return DeviceFailure.of(failure)
                .<RuntimeException>map(Function.identity())
                .orElse(failure);
    }
}
