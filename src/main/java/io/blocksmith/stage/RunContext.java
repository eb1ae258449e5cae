package io.blocksmith.stage;

import ai.djl.ndarray.NDManager;
import io.blocksmith.data.TokenFile;
import io.blocksmith.data.Windows;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.run.DamagedResultException;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import io.blocksmith.store.VerifiedObjects;
import io.blocksmith.tensor.Compute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/**
 * What every stage of one run needs: the frozen recipe, the inputs, the store, the device, and a scratch folder on the
 * store's file system. The state of the run is read from the ledger each time, because the ledger is the only truth.
 */
public final class RunContext {
    /** Token streams of the inputs, made at submit. */
    static final String CALIBRATION_TOKENS = "inputs/calibration.tokens";

    static final String EVALUATION_TOKENS = "inputs/evaluation.tokens";

    private final RunIdentity identity;
    private final RunInputs inputs;
    private final ObjectStore store;
    /** Empty where a run is only submitted. */
    private final Optional<Compute> compute;

    private final Plan plan;
    private final Ledger ledger;
    /** Asked on reading threads as well. */
    private final VerifiedObjects verified;

    private final Duration checkpointInterval;

    public RunContext(
            RunIdentity identity,
            RunInputs inputs,
            ObjectStore store,
            Compute compute,
            int blocks,
            Duration checkpointInterval) {
        this(identity, inputs, store, Optional.of(compute), blocks, checkpointInterval);
    }

    /** A run that is looked at without a device: nothing of it can be computed. */
    static RunContext withoutDevice(RunIdentity identity, RunInputs inputs, ObjectStore store, int blocks) {
        return new RunContext(identity, inputs, store, Optional.empty(), blocks, Duration.ZERO);
    }

    private RunContext(
            RunIdentity identity,
            RunInputs inputs,
            ObjectStore store,
            Optional<Compute> compute,
            int blocks,
            Duration checkpointInterval) {
        this.identity = identity;
        this.inputs = inputs;
        this.store = store;
        this.compute = compute;
        this.plan = Plan.of(identity.recipe(), blocks);
        this.ledger = new Ledger(store);
        this.verified = new VerifiedObjects(store);
        this.checkpointInterval = checkpointInterval;
    }

    /**
     * A submitted run as its store alone tells it.
     *
     * @param checkpointInterval time from one save of a training to the next
     */
    public static RunContext open(ObjectStore store, Compute compute, Duration checkpointInterval) {
        SpecFile spec = SpecFile.read(store);
        int blocks = new Ledger(store).read().blocks();
        if (blocks == 0) {
            throw BlocksmithException.environment(
                    null, "%s: the run has a specification but was never submitted", store.where(RunNames.SPEC));
        }
        return new RunContext(
                spec.identity(RunIdentity.class),
                spec.operations(RunInputs.class),
                store,
                compute,
                blocks,
                checkpointInterval);
    }

    RunIdentity identity() {
        return identity;
    }

    RunInputs inputs() {
        return inputs;
    }

    Recipe recipe() {
        return identity.recipe();
    }

    boolean bfloat16() {
        return recipe().numerics() == Numerics.BFLOAT16;
    }

    ObjectStore store() {
        return store;
    }

    Compute compute() {
        return compute.orElseThrow(() -> BlocksmithException.defect("this run was opened without a device"));
    }

    NDManager manager() {
        return compute().manager();
    }

    Duration checkpointInterval() {
        return checkpointInterval;
    }

    /** The stages of this run. */
    public Plan plan() {
        return plan;
    }

    /** The run as its ledger tells it now. */
    RunState state() {
        return ledger.read();
    }

    /**
     * Asked before an attempt touches what does not carry its name.
     *
     * @throws CancellationException when another attempt has taken the place of {@code ticket}
     */
    void requireRunning(Ticket ticket) {
        if (!state().isRunning(ticket)) {
            throw new CancellationException(ticket + " is no longer the attempt that runs; it leaves nothing");
        }
    }

    /** The committed result of {@code stage}; stages start only when their prerequisites have one. */
    static Committed committed(RunState state, Stage stage) {
        if (state.stage(stage) instanceof Committed committed) {
            return committed;
        }
        // Over a network file system a record may be seen late.
        throw BlocksmithException.transientFault(
                null, "stage %s is needed, but the ledger does not show its commit", stage.key());
    }

    /**
     * A local file with the object called {@code file} that the committed attempt at {@code stage} wrote.
     *
     * @throws DamagedResultException when it is not what was committed
     */
    Path object(RunState state, Stage stage, String file) {
        Committed committed = committed(state, stage);
        String name = RunNames.attempt(committed.ticket()) + file;
        return committed.result().objects().stream()
                .filter(object -> object.name().equals(name))
                .findFirst()
                .map(object -> verified(object, stage))
                .orElseThrow(() -> BlocksmithException.defect("%s did not commit %s", committed.ticket(), name));
    }

    /** What is wrong with a committed object, found by reading it once in this process; empty when nothing is. */
    Optional<String> damage(ObjectRef object) {
        return verified.damage(object).map(damage -> "%s: %s".formatted(store.where(object.name()), damage));
    }

    /**
     * A local file with an object that {@code stage} committed.
     *
     * @throws DamagedResultException when it is not what was committed
     */
    Path verified(ObjectRef object, Stage stage) {
        damage(object).ifPresent(damage -> {
            throw new DamagedResultException(stage, damage);
        });
        return store.path(object.name());
    }

    CheckpointWeights openModel() {
        return CheckpointWeights.open(Path.of(inputs.model()));
    }

    /** The calibration tokens; closed by the caller. */
    TokenFile calibrationTokens() {
        return tokens(CALIBRATION_TOKENS, inputs.calibration(), identity.calibration());
    }

    private TokenFile tokens(String name, String text, String textDigest) {
        StoredTokens tokens = new StoredTokens(store, name, Path.of(text));
        tokens.heal(verified, textDigest, Path.of(inputs.model()), () -> {
            try (CheckpointWeights model = openModel()) {
                return model.config().vocabulary();
            }
        });
        return tokens.open();
    }

    /** Trained and validation windows of Block-AP. */
    Windows.Split calibration(TokenFile tokens) {
        var calibration = recipe().calibration();
        return Windows.split(
                tokens,
                calibration.sequenceLength(),
                calibration.trainSamples(),
                calibration.validationSamples(),
                heldOut(),
                calibration.order(),
                recipe().seed());
    }

    /** Trained and validation windows of E2E-QP. */
    Windows.Split endToEnd(TokenFile tokens) {
        var endToEnd = recipe().endToEnd();
        return Windows.split(
                tokens,
                endToEnd.sequenceLength(),
                endToEnd.samples(),
                endToEnd.validationSamples(),
                heldOut(),
                recipe().calibration().order(),
                recipe().seed());
    }

    /** Tokens at the end of the calibration stream that no phase trains on. */
    private long heldOut() {
        var calibration = recipe().calibration();
        var endToEnd = recipe().endToEnd();
        return Math.max(
                (long) calibration.validationSamples() * calibration.sequenceLength(),
                (long) endToEnd.validationSamples() * endToEnd.sequenceLength());
    }

    /** An empty folder for what {@code ticket} writes before it is put; removed by {@link #clear}. */
    Path scratch(Ticket ticket) {
        Path folder =
                store.scratch().resolve("%s-attempt-%d".formatted(ticket.stage().key(), ticket.attempt()));
        deleteTree(folder);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be made: %s", folder, Reason.of(e));
        }
    }

    /** Removes all scratch folders, those of ended attempts and those that a crash left, and local copies over the limit. */
    public void clear() {
        deleteTree(store.scratch());
        store.release();
    }

    private static void deleteTree(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be deleted: %s", folder, Reason.of(e));
        }
    }

    /** Windows that perplexities are measured on. */
    Windows evaluationWindows(TokenFile tokens) {
        var evaluation = recipe().evaluation();
        return inputs.evaluationText().isPresent()
                ? Windows.fromStart(tokens, evaluation.context(), evaluation.windows())
                : calibration(tokens).validation();
    }

    /** The tokens behind {@link #evaluationWindows}; closed by the caller. */
    TokenFile evaluationTokens() {
        Optional<String> text = inputs.evaluationText();
        return text.isPresent() ? tokens(EVALUATION_TOKENS, text.get(), identity.evaluation()) : calibrationTokens();
    }
}
