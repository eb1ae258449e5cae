package io.blocksmith.stage;

import io.blocksmith.data.TokenFile;
import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.export.ModelExport;
import io.blocksmith.export.WeightScan;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.LlamaNames;
import io.blocksmith.run.Plan;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Quantization;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import io.blocksmith.tensor.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that is wrong with a run is found here, before any work: a damaged model, a recipe that the model cannot
 * take, an export that cannot hold it, too little text, a run folder of another recipe.
 */
public final class Submission {
    private final RunInputs inputs;
    private final Recipe recipe;
    private final LlamaConfig config;
    private final List<String> notices;
    private final RunEstimate estimate;

    private Submission(
            RunInputs inputs, Recipe recipe, LlamaConfig config, List<String> notices, RunEstimate estimate) {
        this.inputs = inputs;
        this.notices = notices;
        this.recipe = recipe;
        this.config = config;
        this.estimate = estimate;
    }

    /** Checks the model and that the recipe fits it; writes nothing. */
    public static Submission check(RunInputs inputs, Recipe recipe) {
        try (CheckpointWeights model = CheckpointWeights.open(Path.of(inputs.model()))) {
            LlamaConfig config = model.config();
            Plan.of(recipe, config.blocks());
            requireGroups(config, recipe.quantization());
            requireContext("calibration.sequence-length", recipe.calibration().sequenceLength(), config);
            requireContext("end-to-end.sequence-length", recipe.endToEnd().sequenceLength(), config);
            if (inputs.evaluationText().isPresent()) {
                requireContext("evaluation.context", recipe.evaluation().context(), config);
            } else if (recipe.calibration().validationSamples() == 0) {
                throw BlocksmithException.user(
                        "calibration.validation-samples = 0 and no evaluation text: perplexities have nothing to be "
                                + "measured on; give --evaluation FILE");
            }
            for (ExportFormat format : recipe.exports()) {
                ModelExport.of(format).refusal(config, recipe.quantization()).ifPresent(reason -> {
                    throw BlocksmithException.user("%s", reason);
                });
            }
            requireFile(inputs.calibration());
            inputs.evaluationText().ifPresent(Submission::requireFile);
            Checkpoint checkpoint = model.checkpoint();
            RunEstimate estimate = RunEstimate.of(
                    config,
                    checkpoint.bytes(),
                    checkpoint.info(LlamaNames.EMBEDDING).type(),
                    recipe);
            return new Submission(inputs, recipe, config, model.notices(), estimate);
        }
    }

    private static void requireGroups(LlamaConfig config, Quantization grid) {
        for (Linear linear : Linear.values()) {
            long columns = config.columns(linear);
            if (columns % grid.groupColumns(columns) != 0) {
                throw BlocksmithException.user(
                        "%s: %d columns are not divisible by group-size %d; choose a divisor of %d, or -1 for one"
                                + " group a row",
                        LlamaNames.weight(0, linear), columns, grid.groupSize(), columns);
            }
        }
    }

    private static void requireContext(String key, int length, LlamaConfig config) {
        if (length > config.contextLength()) {
            throw BlocksmithException.user(
                    "%s = %d: the model was made for at most %d tokens (max_position_embeddings)",
                    key, length, config.contextLength());
        }
    }

    private static void requireFile(String file) {
        if (!Files.isRegularFile(Path.of(file))) {
            throw BlocksmithException.user("%s: no such file", file);
        }
    }

    /** Shape of the model. */
    public LlamaConfig config() {
        return config;
    }

    /** What the model's folder holds that is not computed with, a line each. */
    public List<String> notices() {
        return notices;
    }

    /** What the run will need. */
    public RunEstimate estimate() {
        return estimate;
    }

    /** Freezes the run in its folder, or confirms that the folder holds this very run. */
    public void freeze(ObjectStore store) {
        if (!store.exists(RunNames.SPEC)) {
            // A resumed run trusts the weights of its first start, as it trusts their digests.
            requireWeights();
        }
        RunIdentity identity = identity(store);
        tokens(store, RunContext.CALIBRATION_TOKENS, inputs.calibration());
        inputs.evaluationText().ifPresent(file -> tokens(store, RunContext.EVALUATION_TOKENS, file));
        requireTokens(RunContext.withoutDevice(identity, inputs, store, config.blocks()));
        SpecFile.of(identity, inputs).writeOrConfirm(store);
    }

    /**
     * Freezes the run in its folder, or confirms that the folder holds this very run.
     *
     * @param compute the device of this process
     * @param checkpointInterval time from one save of a training to the next
     * @return what stages need
     */
    public RunContext into(ObjectStore store, Compute compute, Duration checkpointInterval) {
        freeze(store);
        RunIdentity identity = SpecFile.read(store).identity(RunIdentity.class);
        RunContext run = new RunContext(identity, inputs, store, compute, config.blocks(), checkpointInterval);
        run.clear();
        return run;
    }

    /** The digest that the ledger's first record names. */
    public String identityDigest(ObjectStore store) {
        return SpecFile.read(store).identityDigest();
    }

    /** Reads all weights once: each is a number, and every export that is asked for can hold them. */
    private void requireWeights() {
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(inputs.model()))) {
            List<String> names = new ArrayList<>(LlamaNames.plain(config));
            names.addAll(LlamaNames.linears(config));
            WeightScan weights = WeightScan.of(checkpoint, names);
            for (ExportFormat format : recipe.exports()) {
                ModelExport.of(format)
                        .refusal(config, recipe.quantization(), weights)
                        .ifPresent(reason -> {
                            throw BlocksmithException.user("%s: %s", inputs.model(), reason);
                        });
            }
        }
    }

    private RunIdentity identity(ObjectStore store) {
        InputDigests digests = InputDigests.open(store);
        String calibration = digests.file(Path.of(inputs.calibration()));
        String evaluation =
                inputs.evaluationText().map(file -> digests.file(Path.of(file))).orElse("");
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(inputs.model()))) {
            RunIdentity identity = new RunIdentity(recipe, digests.model(checkpoint), calibration, evaluation);
            if (store.exists(RunNames.SPEC)) {
                // Before anything of this start is written into a folder that may belong to another run.
                SpecFile.of(identity, inputs).writeOrConfirm(store);
            }
            digests.save(store);
            return identity;
        }
    }

    private void tokens(ObjectStore store, String name, String file) {
        // Without a specification, tokens may be those of another text that was refused.
        if (!store.exists(RunNames.SPEC)) {
            new StoredTokens(store, name, Path.of(file)).write(Path.of(inputs.model()), config.vocabulary());
        }
    }

    /** Fails when a phase asks for more windows than there are. */
    private static void requireTokens(RunContext run) {
        try (TokenFile calibration = run.calibrationTokens();
                TokenFile evaluation = run.evaluationTokens()) {
            run.calibration(calibration);
            run.endToEnd(calibration);
            run.evaluationWindows(evaluation);
        }
    }
}
