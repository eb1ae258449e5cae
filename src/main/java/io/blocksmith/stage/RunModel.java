package io.blocksmith.stage;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.run.Plan;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import io.blocksmith.tensor.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A run folder looked at as a model. */
public final class RunModel {
    private static final Duration NEVER_TRAINS = Duration.ZERO;

    private RunModel() {}

    /** Whether {@code folder} is a run folder. */
    public static boolean isRun(Path folder) {
        return Files.isRegularFile(folder.resolve(RunNames.SPEC));
    }

    /** The folder of the model that the run quantizes; its tokenizer is the run's. */
    public static Path modelFolder(Path folder) {
        return Path.of(SpecFile.read(DirectoryStore.open(folder))
                .operations(RunInputs.class)
                .model());
    }

    /** The recipe that the run was started with. */
    public static Recipe recipe(Path folder) {
        return SpecFile.read(DirectoryStore.open(folder))
                .identity(RunIdentity.class)
                .recipe();
    }

    /** The weights of the run's model as it was at {@code subject}; a USER error while the run has not come so far. */
    public static LlamaWeights open(Path folder, Subject subject, Compute compute) {
        DirectoryStore store = DirectoryStore.open(folder);
        RunContext run = RunContext.open(store, compute, NEVER_TRAINS);
        RunState state = run.state();
        requireCommitted(folder, run.plan(), state, subject);
        return new SubjectWeights(run, state, subject);
    }

    private static void requireCommitted(Path folder, Plan plan, RunState state, Subject subject) {
        for (Stage needed : plan.prerequisites(new Stage.Evaluate(subject))) {
            if (!state.isCommitted(needed)) {
                throw BlocksmithException.user(
                        "%s: the run has not come to %s yet: %s is not done; go on with the run, or look at "
                                + "--subject full-precision or round-to-nearest",
                        folder, subject.key(), needed.key());
            }
        }
    }
}
