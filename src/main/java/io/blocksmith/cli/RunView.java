package io.blocksmith.cli;

import io.blocksmith.cluster.RunListener;
import io.blocksmith.cluster.RunStatus;
import io.blocksmith.failure.Printable;
import io.blocksmith.run.Event;
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
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.stage.Figures;
import java.io.PrintStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Shows a run while it goes on: a line for each finished stage, and below it a progress bar on a terminal or a plain line
 * now and then elsewhere.
 */
final class RunView implements RunListener {
    private static final int SCALE = 10_000;
    private static final long PLAIN_EVERY = Duration.ofSeconds(10).toNanos();
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final RunWork work;
    private final int blocks;
    private final LongSupplier nanoTime;
    private final Map<Ticket, Progress> running = new HashMap<>();
    private RunState state = RunState.empty();
    private ProgressBar bar;
    private long lastPlain;
    private OptionalDouble secondsLeft = OptionalDouble.empty();

    /**
     * Makes a view.
     *
     * @param out stderr, so that stdout stays with the command's answer
     * @param terminal whether {@code out} is one
     */
    RunView(PrintStream out, boolean terminal, RunWork work, int blocks, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.work = work;
        this.blocks = blocks;
        this.nanoTime = nanoTime;
        this.lastPlain = nanoTime.getAsLong();
    }

    @Override
    public synchronized void recorded(Event event, RunState after) {
        state = after;
        running.keySet().removeIf(ticket -> !after.isRunning(ticket));
        words(event).ifPresent(this::line);
    }

    /** What people want to read of an event; nothing of what goes on all the time. */
    private Optional<String> words(Event event) {
        return switch (event) {
            case StageCommitted(var _, Ticket ticket, StageResult result) ->
                Optional.of(finished(ticket.stage(), result));
            case StageFailed failed -> Optional.of("%s failed: %s".formatted(failed.ticket(), failed.reason()));
            case StageDamaged damaged ->
                Optional.of("%s is damaged and made again: %s"
                        .formatted(damaged.source().key(), damaged.reason()));
            case StageReset reset ->
                Optional.of("%s starts afresh: %s".formatted(reset.stage().key(), reset.reason()));
            case RunPaused paused -> Optional.of("paused: " + paused.reason());
            case RunResumed resumed -> Optional.of("resumed: " + resumed.reason());
            case WorkerDrained drained ->
                Optional.of("worker %s gets no more work: %s".formatted(drained.worker(), drained.reason()));
            case WorkerReturned returned -> Optional.of("worker %s gets work again".formatted(returned.worker()));
            case RunStopped stopped -> Optional.of("stopped: " + stopped.reason());
            case RunSubmitted _, SupervisorStarted _, StageStarted _, StageCancelled _, RunCompleted _ ->
                Optional.empty();
        };
    }

    @Override
    public synchronized void progressed(Progress progress) {
        running.put(progress.ticket(), progress);
        double fraction = work.fraction(state, running.values());
        if (terminal) {
            bar(fraction, progress);
        } else if (nanoTime.getAsLong() - lastPlain >= PLAIN_EVERY) {
            lastPlain = nanoTime.getAsLong();
            out.printf("%5.1f%%  %s  %s%s%n", 100 * fraction, name(progress), detail(progress), left());
        }
    }

    @Override
    public void looked(RunStatus status) {
        takes(status.secondsLeft());
    }

    /** The supervisor's estimate. */
    synchronized void takes(OptionalDouble left) {
        secondsLeft = left;
    }

    private synchronized Optional<Duration> eta() {
        return secondsLeft.isPresent()
                ? Optional.of(Duration.ofSeconds(Math.round(secondsLeft.getAsDouble())))
                : Optional.empty();
    }

    private String left() {
        return secondsLeft.isPresent() ? "  ETA " + Text.seconds(secondsLeft.getAsDouble()) : "";
    }

    private void bar(double fraction, Progress progress) {
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setInitialMax(SCALE)
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .setUpdateIntervalMillis(500)
                    .setUnit("%", SCALE / 100)
                    .setEtaFunction(state -> eta())
                    .setConsumer(new ConsoleProgressBarConsumer(out))
                    .startsFrom(Math.round(fraction * SCALE), Duration.ZERO)
                    .build();
        }
        bar.setExtraMessage(" " + name(progress) + "  " + detail(progress));
        bar.stepTo(Math.round(fraction * SCALE));
    }

    /** What happened before this view. */
    synchronized void knows(RunState before) {
        state = before;
    }

    synchronized void line(String text) {
        out.println((terminal ? CLEAR_LINE : "") + Printable.of(text));
    }

    private String name(Progress progress) {
        return switch (progress.ticket().stage()) {
            case Stage.TrainBlock(int block) -> "block %d/%d %s".formatted(block + 1, blocks, progress.phase());
            case Stage.RepairBlock(int block) -> "repair %d/%d %s".formatted(block + 1, blocks, progress.phase());
            case Stage.EndToEnd _ -> "E2E-QP " + progress.phase();
            case Stage.Capture capture -> capture.key();
            case Stage.Evaluate evaluate -> "perplexity " + evaluate.subject().key();
            case Stage.Export export -> "export " + export.format().key();
            case Stage.Report _ -> "report";
        };
    }

    static String detail(Progress progress) {
        StringBuilder detail = new StringBuilder();
        if (progress.epochs() > 1) {
            detail.append("epoch %d/%d ".formatted(progress.epoch(), progress.epochs()));
        }
        if (progress.steps() > 0) {
            detail.append("step %d/%d ".formatted(progress.step(), progress.steps()));
        }
        if (Double.isFinite(progress.loss())) {
            detail.append("loss %.4g ".formatted(progress.loss()));
        }
        if (Double.isFinite(progress.reference())) {
            boolean fromRoundToNearest = progress.ticket().stage() instanceof Stage.TrainBlock;
            detail.append("(%s %.4g) ".formatted(fromRoundToNearest ? "rtn" : "start", progress.reference()));
        }
        if (Double.isFinite(progress.tokensPerSecond()) && progress.tokensPerSecond() > 0) {
            detail.append(Text.count(progress.tokensPerSecond())).append(" tok/s");
        }
        return detail.toString().strip();
    }

    private String finished(Stage stage, StageResult result) {
        String took = Text.seconds(figure(result, Figures.SECONDS));
        return switch (stage) {
            case Stage.TrainBlock(int block) ->
                trained("block %d/%d".formatted(block + 1, blocks), "rtn", result, took);
            case Stage.RepairBlock(int block) ->
                trained("repair %d/%d".formatted(block + 1, blocks), "before", result, took);
            case Stage.EndToEnd _ -> trained("E2E-QP", "before", result, took);
            case Stage.Evaluate evaluate ->
                "perplexity %-17s %.4g  (%s)"
                        .formatted(evaluate.subject().key(), figure(result, Figures.PERPLEXITY), took);
            case Stage.Export export ->
                "export %s: %s, read back and compared  (%s)"
                        .formatted(export.format().key(), Text.bytes(figure(result, Figures.BYTES)), took);
            case Stage.Capture capture -> "%s  (%s)".formatted(capture.key(), took);
            case Stage.Report _ -> "report written  (%s)".formatted(took);
        };
    }

    /** A training that helped nothing is said so: the state it began from was kept. */
    private static String trained(String name, String start, StageResult result, String took) {
        double before = figure(result, Figures.START_LOSS);
        double after = figure(result, Figures.FINAL_LOSS);
        String kept = after >= before ? "  no better than its start" : "";
        return "%-12s loss %.4g  (%s %.4g, %s)%s".formatted(name, after, start, before, took, kept);
    }

    private static double figure(StageResult result, String name) {
        return result.figures().getOrDefault(name, Double.NaN);
    }

    /** Takes the bar away. */
    synchronized void finish() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
