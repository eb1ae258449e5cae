package io.blocksmith.cli;

import io.blocksmith.cluster.Device;
import io.blocksmith.cluster.EmbeddedRun;
import io.blocksmith.cluster.RunSupervisor;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import io.blocksmith.run.Event;
import io.blocksmith.run.FailureReport;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.StageRunner;
import io.blocksmith.run.StageState.Waiting;
import io.blocksmith.stage.Pipeline;
import io.blocksmith.stage.RunContext;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.stage.Submission;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.RequestBox;
import io.blocksmith.store.RunFolder;
import io.blocksmith.store.RunNames;
import io.blocksmith.tensor.Compute;
import io.blocksmith.tensor.DeviceThread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A whole run in this process: checked, frozen in its folder, and carried out by the actors. */
final class EmbeddedQuantization {
    /** How long a signal waits for the present step to end. */
    private static final long GRACE_SECONDS = 60;

    private final RunInputs inputs;
    private final Settings settings;
    private final Path folder;
    private final boolean takeover;
    private final UnaryOperator<StageRunner> aroundStages;

    /**
     * A run.
     *
     * @param takeover whether to go on with a run whose holder has fallen silent on another machine
     */
    EmbeddedQuantization(RunInputs inputs, Settings settings, Path folder, boolean takeover) {
        this(inputs, settings, folder, takeover, UnaryOperator.identity());
    }

    /** The same for tests that want to know what happens in its stages. */
    EmbeddedQuantization(
            RunInputs inputs,
            Settings settings,
            Path folder,
            boolean takeover,
            UnaryOperator<StageRunner> aroundStages) {
        this.inputs = inputs;
        this.settings = settings;
        this.folder = folder;
        this.takeover = takeover;
        this.aroundStages = aroundStages;
    }

    /** Starts or resumes the run and returns its final state; a run that stops is an exception with the reason. */
    RunState run() {
        try (NodeMetrics metrics = NodeMetrics.start(settings, "embedded", EmbeddedRun.WORKER);
                Notices notices = Notices.start(settings.webhook(), metrics::notified);
                EmbeddedApi _ = EmbeddedApi.start(settings, folder)) {
            return run(metrics, notices);
        }
    }

    private RunState run(NodeMetrics metrics, Notices notices) {
        Submission submission = Submission.check(inputs, settings.recipe());
        submission.notices().forEach(notice -> System.err.println("note: " + notice));
        DiskRoom.require(folder, submission.estimate());
        boolean fresh = !Files.exists(folder);
        // Before the folder is opened for writing, which removes what a holder like us has not finished.
        RunHolder.requireFree(
                DirectoryStore.open(folder),
                folder.toString(),
                settings.patience().lease(),
                takeover);
        try (Compute compute = Compute.open(
                        settings.compute().device(), settings.compute().threads());
                RunFolder held = RunFolder.open(folder)) {
            RunContext context;
            try {
                context = submission.into(
                        held.store(), compute, settings.checkpoint().interval());
            } catch (RuntimeException refused) {
                if (fresh) {
                    deleteTree(folder);
                }
                throw refused;
            }
            return carriedOut(submission, held, compute, context, metrics, notices);
        }
    }

    private RunState carriedOut(
            Submission submission,
            RunFolder held,
            Compute compute,
            RunContext context,
            NodeMetrics metrics,
            Notices notices) {
        Plan plan = context.plan();
        RunState before = held.ledger().read();
        RequestBox requests = new RequestBox(held.store(), InstantSource.system(), UUID::randomUUID);
        if (before.phase() == RunState.Phase.COMPLETED && requests.pending().isEmpty()) {
            return before;
        }
        warnOfOtherNumerics(before, compute);
        startAnew(before, compute, requests);
        RunSupervisor.Settings supervisor = Supervision.of(
                folder.getFileName().toString(),
                submission.identityDigest(held.store()),
                plan,
                settings.recipe(),
                held.store(),
                settings,
                holder(compute));
        int blocks = submission.config().blocks();
        RunWork work = new RunWork(plan, settings.recipe());
        RunView view = new RunView(Terminal.drawing(), Terminal.isInteractive(), work, blocks, System::nanoTime);
        try (DeviceThread thread = new DeviceThread(compute)) {
            Pipeline pipeline =
                    new Pipeline(context, metrics.attempts(compute, thread), System::nanoTime, InstantSource.system());
            StageRunner stages = aroundStages.apply(pipeline);
            EmbeddedRun run = EmbeddedRun.start(
                    supervisor,
                    new Device(stages, compute.fingerprint(), thread),
                    RunListeners.of(metrics, notices, held.store(), settings.recipe(), view));
            CompletableFuture<RunOutcome> outcome = run.outcome().toCompletableFuture();
            Thread onSignal = new Thread(() -> stopAndWait(run, outcome), "stop-on-signal");
            Runtime.getRuntime().addShutdownHook(onSignal);
            try {
                RunOutcome how = outcome.get();
                if (how instanceof RunOutcome.Stopped(RunState state) && hasFailed(state)) {
                    report(pipeline);
                }
                return finalState(how);
            } catch (ExecutionException e) {
                throw BlocksmithException.defect("the run ended without an outcome: %s", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw BlocksmithException.transientFault(e, "interrupted");
            } finally {
                forget(onSignal);
                view.finish();
            }
        }
    }

    private static boolean hasFailed(RunState state) {
        return state.rest()
                .filter(rest -> rest.cause() == Event.RestCause.FAILURE)
                .isPresent();
    }

    /** Nobody is to miss why the run stopped because its report could not be written. */
    private static void report(Pipeline pipeline) {
        try {
            pipeline.reportStop();
        } catch (RuntimeException failure) {
            System.err.println("the report of the stopped run could not be written: " + failure.getMessage());
        }
    }

    private static void stopAndWait(EmbeddedRun run, CompletableFuture<RunOutcome> outcome) {
        System.err.println("\nstopping at the end of the present step; run the same command again to go on");
        run.stop("stopped by a signal");
        try {
            outcome.get(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            System.err.println("stopped without a farewell: " + e + "; what has committed is safe");
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is going down, which is when hooks cannot be removed and need not be.
            return;
        }
    }

    private RunState finalState(RunOutcome outcome) {
        return switch (outcome) {
            case RunOutcome.Completed(RunState state) -> state;
            case RunOutcome.Stopped(RunState state) -> throw stopped(state);
            case RunOutcome.Fenced(String holder, long epoch) ->
                throw BlocksmithException.environment(
                        null,
                        "%s: %s has taken this run over (epoch %d); this process steps back",
                        folder,
                        holder,
                        epoch);
            case RunOutcome.Broken(Throwable cause) ->
                throw cause instanceof BlocksmithException known
                        ? known
                        : BlocksmithException.environment(cause, "%s: the ledger failed: %s", folder, cause);
        };
    }

    /** Unless a lost worker ended it, the same command would end the same way: see {@link StoppedForGood}. */
    private RuntimeException stopped(RunState state) {
        String reason = state.rest().map(RunState.Rest::reason).orElse("no reason recorded");
        String advice = "; what has committed is kept in %s, the same command goes on from there".formatted(folder);
        Optional<FailureReport> failure = FailureReport.of(new Ledger(DirectoryStore.open(folder)).events());
        if (failure.isPresent() && failure.get().category() == Category.WORKER_LOST) {
            return new BlocksmithException(Category.WORKER_LOST, reason + advice, null);
        }
        if (failure.isPresent()) {
            return new StoppedForGood("%s%n  to do: %s%n  more in %s and %s"
                    .formatted(
                            reason,
                            failure.get().whatToDo(),
                            folder.resolve(RunNames.FAILURE),
                            folder.resolve(RunNames.REPORT_HTML)));
        }
        return new StoppedForGood(reason + advice);
    }

    /** Who supervises, for people; what it computes with is part of it, because the last bits depend on that. */
    private static String holder(Compute compute) {
        return "%s (%s)".formatted(Supervision.here(), compute.fingerprint());
    }

    /** What was saved with other numerics is of no use here, and nobody else will come to go on from it. */
    private static void startAnew(RunState before, Compute compute, RequestBox requests) {
        before.stages().forEach((stage, state) -> {
            if (state instanceof Waiting waiting
                    && waiting.saved().step() > 0
                    && !waiting.saved().numerics().equals(compute.fingerprint())) {
                requests.ask(new Request.Retry(
                        "this start, which computes by %s (%s before)"
                                .formatted(
                                        compute.fingerprint(), waiting.saved().numerics()),
                        stage));
            }
        });
    }

    private static void warnOfOtherNumerics(RunState before, Compute compute) {
        if (!before.holder().isEmpty() && !before.holder().contains(compute.fingerprint())) {
            System.err.printf(
                    "warning: so far this run was computed by %s, now by %s: last bits may differ from those of an"
                            + " undisturbed run; set compute.threads and compute.device as before to avoid that%n",
                    before.holder(), compute.fingerprint());
        }
    }

    private static void deleteTree(Path tree) {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be removed: %s", tree, Reason.of(e));
        }
    }
}
