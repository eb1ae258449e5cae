package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import io.blocksmith.packed.ScalesFile;
import io.blocksmith.quant.StepSizes;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Ticket;
import io.blocksmith.store.RunNames;
import io.blocksmith.tensor.Copy;
import io.blocksmith.train.EndToEndTrainer;
import io.blocksmith.train.PackedModel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.LongConsumer;

/**
 * E2E-QP over the packed model; what it leaves are the step sizes and zero points of every linear. This is the replica
 * that runs the attempt: it saves and validates, and shares its steps once somebody helps.
 */
final class EndToEndStage {
    static final String FILE = "scales.safetensors";

    private final RunContext run;
    private final ExchangePace pace;

    EndToEndStage(RunContext run, ExchangePace pace) {
        this.run = run;
        this.pace = pace;
    }

    AttemptResult run(Assignment assignment, AttemptProgress progress) {
        progress.begin("load");
        return EndToEndTraining.with(run, assignment, training -> run(assignment, training, progress));
    }

    private AttemptResult run(Assignment assignment, EndToEndTraining training, AttemptProgress progress) {
        EndToEndTrainer trainer = training.trainer();
        LossCurves curves = new LossCurves();
        EndToEndTrainer.Outcome outcome;
        Map<String, Double> figures = new HashMap<>();
        try (Checkpoints checkpoints = new Checkpoints(run, assignment, progress)) {
            checkpoints.resume(trainer::restore, curves);
            progress.reference(trainer.startLoss());
            ExchangeObjects objects = new ExchangeObjects(run.store(), assignment.ticket());
            SharedGradients gradients = gradients(assignment, objects, progress);
            SharedSteps steps = new SharedSteps(gradients, objects, checkpoints);
            progress.begin("train");
            progress.goesOnAfter(trainer.step());
            try {
                AttemptListener listener =
                        training.listener(progress, curves, run.recipe().endToEnd());
                outcome = trainer.train(training.training(), training.validation(), gradients, listener, () -> {
                    steps.between(trainer, curves);
                    checkpoints.stepped(trainer::snapshot, curves);
                    progress.meter().mark();
                });
                figures.put(Figures.HELPED_SHARDS, (double) gradients.helpedShards());
                figures.put(Figures.HELPERS, (double) gradients.helpers().size());
            } catch (CancellationException cancelled) {
                checkpoints.leave(trainer::snapshot, curves);
                throw cancelled;
            }
        }
        progress.begin("seal");
        figures.put(Figures.START_LOSS, outcome.startLoss());
        figures.put(Figures.FINAL_LOSS, outcome.finalLoss());
        figures.put(Figures.TRAIN_LOSS, outcome.lastTrainLoss());
        return new AttemptResult(save(assignment.ticket(), training.model(), curves), figures);
    }

    private SharedGradients gradients(Assignment assignment, ExchangeObjects objects, AttemptProgress progress) {
        // Waiting for others ends by itself, when their shards are taken over: whoever waits is not hung.
        LongConsumer wait = progress.waiting(new StoreWait(pace.poll(), progress::alive));
        return new SharedGradients(
                objects,
                assignment,
                Replicas.LEADER,
                run.compute().fingerprint(),
                pace,
                progress.nanoTime(),
                wait,
                _ -> {});
    }

    /** Saves the scales as the quantizer uses them: step sizes clamped, zero points whole. */
    private List<ObjectRef> save(Ticket ticket, PackedModel model, LossCurves curves) {
        int maxCode = run.recipe().quantization().maxCode();
        model.linears().forEach(linear -> {
            replace(linear.stepSize(), linear.stepSize().clip(StepSizes.LEAST, StepSizes.LARGEST));
            replace(linear.zeroPoint(), linear.zeroPoint().round().clip(0, maxCode));
        });
        Path scratch = run.scratch(ticket);
        Path scales = scratch.resolve(FILE);
        ScalesFile.write(scales, model.linears());
        Path curve = scratch.resolve(LossCurves.FILE);
        curves.write(curve);
        String prefix = RunNames.attempt(ticket);
        return List.of(run.store().put(prefix + FILE, scales), run.store().put(prefix + LossCurves.FILE, curve));
    }

    private static void replace(NDArray array, NDArray by) {
        Copy.into(by, array);
        by.close();
    }
}
