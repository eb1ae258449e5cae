package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.stage.Submission;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Hands a run to a cluster. */
@Command(
        name = "submit",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Checks a run, freezes it in the cluster's store and queues it for the coordinators.",
            "On a run that is there already it goes on with it."
        })
final class SubmitCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "SPEC",
            description = "Recipe in HOCON with a section run { name, model, calibration, evaluation }.")
    private Path spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            required = true,
            description = "The cluster's settings; its runs are where cluster.runs says.")
    private Path cluster;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One key, over both files; repeatable, the last one counts.")
    private List<String> assignments = new ArrayList<>();

    @Override
    public Integer call() {
        Settings recipe = SettingsLoader.load(Optional.of(spec), assignments, Map.of());
        Settings settings = SettingsLoader.load(Optional.of(cluster), assignments, Map.of());
        Settings.Run run = recipe.run();
        requireGiven("run.name", run.name());
        requireGiven("run.model", run.model());
        requireGiven("run.calibration", run.calibration());
        RunInputs inputs = new RunInputs(
                absolute(run.model()),
                absolute(run.calibration()),
                run.evaluation().isEmpty() ? "" : absolute(run.evaluation()));
        Submission submission = Submission.check(inputs, recipe.recipe());
        submission.notices().forEach(notice -> System.err.println("note: " + notice));
        RunsFolder folder = new RunsFolder(settings, "submit-" + UUID.randomUUID());
        String location = folder.location(run.name());
        try (ObjectStore store = folder.open(run.name())) {
            submission.freeze(store);
            Ledger ledger = new Ledger(store);
            RunState state = ledger.read();
            if (state.phase() == Phase.NEW) {
                ledger.append(new RunSubmitted(
                        Instant.now(),
                        run.name(),
                        submission.identityDigest(store),
                        submission.config().blocks()));
            } else if (state.phase() == Phase.STOPPED) {
                new RequestBox(store, InstantSource.system(), UUID::randomUUID)
                        .ask(new Request.Resume(Supervision.here()));
            }
        }
        folder.submit(run.name());
        System.out.printf("submitted %s; its folder is %s%n", run.name(), location);
        return 0;
    }

    private void requireGiven(String key, String value) {
        if (value.isEmpty()) {
            throw BlocksmithException.user("%s: %s is missing", spec, key);
        }
    }

    private static String absolute(String path) {
        return Path.of(path).toAbsolutePath().normalize().toString();
    }
}
