package io.blocksmith.cli;

import io.blocksmith.bench.BareTraining;
import io.blocksmith.cluster.Device;
import io.blocksmith.cluster.EmbeddedRun;
import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.TokenSource;
import io.blocksmith.data.Windows;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.Figures;
import io.blocksmith.stage.Pipeline;
import io.blocksmith.stage.RunContext;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.stage.Submission;
import io.blocksmith.store.RunFolder;
import io.blocksmith.tensor.Compute;
import io.blocksmith.tensor.DeviceThread;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * What a run costs besides its training: Block-AP of a whole model once as a bare loop and once as a run with actors,
 * ledger, checkpoints and files, one after the other in this process. Both must end in the same losses, bit by bit.
 *
 * <p>The run is measured from the record that starts its first stage to the one that starts the stage after the last
 * block; the actors' own start, once for a run of hours, is left out.
 */
final class OrchestrationBench {
    private final RunInputs inputs;
    private final Settings settings;
    private final Compute compute;

    OrchestrationBench(RunInputs inputs, Settings settings, Compute compute) {
        this.inputs = inputs;
        this.settings = settings;
        this.compute = compute;
    }

    /** Seconds by the clock and of all threads of this process. */
    record Cost(double wallSeconds, double cpuSeconds) {}

    /** The same work twice. */
    record Round(Cost bare, Cost run) {
        double wallRatio() {
            return run.wallSeconds() / bare.wallSeconds();
        }

        double cpuRatio() {
            return run.cpuSeconds() / bare.cpuSeconds();
        }
    }

    private record Measured(Cost cost, List<Double> losses) {}

    /** A moment by both clocks. */
    private record Moment(long nanos, Duration cpu) {
        static Moment now() {
            Duration cpu = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
            return new Moment(System.nanoTime(), cpu);
        }

        Cost until(Moment end) {
            return new Cost((end.nanos - nanos) / 1e9, end.cpu.minus(cpu).toNanos() / 1e9);
        }
    }

    /**
     * One round.
     *
     * @param folder of the run, not there yet
     * @param runFirst which of the two is measured first: what comes second finds warmer caches
     */
    Round round(Path folder, boolean runFirst) {
        try (DeviceThread thread = new DeviceThread(compute);
                RunFolder held = RunFolder.open(folder)) {
            Submission submission = Submission.check(inputs, settings.recipe());
            RunContext context =
                    submission.into(held.store(), compute, settings.checkpoint().interval());
            Path tokens = folder.resolveSibling(folder.getFileName() + ".tokens");
            Measured first = runFirst ? run(submission, held, context, thread) : bare(tokens, thread);
            Measured second = runFirst ? bare(tokens, thread) : run(submission, held, context, thread);
            if (!first.losses().equals(second.losses())) {
                throw BlocksmithException.defect(
                        "the bare loop and the run did not do the same work: losses %s and %s",
                        first.losses(), second.losses());
            }
            return runFirst ? new Round(second.cost(), first.cost()) : new Round(first.cost(), second.cost());
        }
    }

    private Measured bare(Path tokenFile, DeviceThread thread) {
        Recipe recipe = settings.recipe();
        Calibration calibration = recipe.calibration();
        Path text = Path.of(inputs.calibration());
        try (CheckpointWeights model = CheckpointWeights.open(Path.of(inputs.model()));
                TokenFile tokens = TokenFile.write(
                        tokenFile,
                        TokenSource.of(
                                text, Path.of(inputs.model()), model.config().vocabulary()))) {
            Windows.Split split = Windows.split(
                    tokens,
                    calibration.sequenceLength(),
                    calibration.trainSamples(),
                    calibration.validationSamples(),
                    (long) calibration.validationSamples() * calibration.sequenceLength(),
                    calibration.order(),
                    recipe.seed());
            int[][] trained = split.train().tokens(0, split.train().count());
            int[][] validated = split.validation().tokens(0, split.validation().count());
            CompletableFuture<Measured> measured = CompletableFuture.supplyAsync(
                    () -> {
                        Moment start = Moment.now();
                        List<Double> losses = new ArrayList<>();
                        new BareTraining(model, recipe)
                                .run(trained, validated, compute.manager())
                                .forEach(outcome -> losses.add(outcome.finalLoss()));
                        return new Measured(start.until(Moment.now()), losses);
                    },
                    thread);
            return await(measured);
        }
    }

    private Measured run(Submission submission, RunFolder held, RunContext context, DeviceThread thread) {
        Plan plan = context.plan();
        Pipeline pipeline = new Pipeline(context, System::nanoTime, InstantSource.system());
        CompletableFuture<Measured> measured = new CompletableFuture<>();
        EmbeddedRun run = EmbeddedRun.start(
                Supervision.of(
                        held.root().getFileName().toString(),
                        submission.identityDigest(held.store()),
                        plan,
                        settings.recipe(),
                        held.store(),
                        settings,
                        Supervision.here()),
                new Device(pipeline, compute.fingerprint(), thread),
                new Stopwatch(plan, measured));
        run.outcome()
                .whenComplete((outcome, failure) -> measured.completeExceptionally(
                        failure == null
                                ? BlocksmithException.defect("the run ended before it was measured: %s", outcome)
                                : failure));
        Measured found = await(measured);
        run.stop("measured");
        await(run.outcome().toCompletableFuture());
        return found;
    }

    /** Completes {@code measured} when the stage after the last block starts. */
    private static final class Stopwatch implements RunListener {
        private final Plan plan;
        private final CompletableFuture<Measured> measured;
        private Moment start;

        Stopwatch(Plan plan, CompletableFuture<Measured> measured) {
            this.plan = plan;
            this.measured = measured;
        }

        @Override
        public void recorded(Event event, RunState after) {
            if (!(event instanceof StageStarted started)) {
                return;
            }
            if (start == null) {
                start = Moment.now();
            } else if (started.ticket().stage() instanceof Stage.EndToEnd) {
                Cost cost = start.until(Moment.now());
                List<Double> losses = new ArrayList<>();
                for (int block = 0; block < plan.segments().blocks(); block++) {
                    losses.add(after.result(plan.finalStage(block))
                            .orElseThrow()
                            .figures()
                            .get(Figures.FINAL_LOSS));
                }
                measured.complete(new Measured(cost, losses));
            }
        }

        @Override
        public void progressed(Progress progress) {}
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlocksmithException.transientFault(e, "interrupted");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known
                    ? known
                    : BlocksmithException.defect("measuring failed: %s", e.getCause());
        }
    }
}
