package io.blocksmith.cli;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.Stores;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The run that a command is about, reached through its store. */
final class RunOptions {
    private static final String S3 = "s3://";

    @Parameters(index = "0", paramLabel = "RUN", description = "Run folder, or s3://BUCKET/PREFIX of the run.")
    private String run;

    @Option(names = "--config", paramLabel = "FILE", description = "Settings; those of S3 matter here.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One setting, over the file, e.g. s3.endpoint=URL; repeatable.")
    private List<String> assignments = new ArrayList<>();

    /** For people. */
    String where() {
        return location();
    }

    private String location() {
        return run.startsWith(S3)
                ? run
                : Path.of(run).toAbsolutePath().normalize().toString();
    }

    private Settings settings() {
        return SettingsLoader.load(Optional.ofNullable(file), assignments, Map.of());
    }

    private static String owner() {
        return "command-" + UUID.randomUUID();
    }

    /**
     * Opens the run for looking; closed by the caller.
     *
     * @throws BlocksmithException (the user's) when there is no run
     */
    ObjectStore look() {
        ObjectStore store =
                Stores.openForReading(location(), RunsFolder.s3(settings().s3()), owner());
        try {
            // Read, because a server says only then that the whole bucket is missing.
            if (store.find(RunNames.SPEC).isEmpty()) {
                throw BlocksmithException.user(
                        "%s is no run: it has no %s; expected the folder or the address that `quantize` or `submit`"
                                + " told",
                        where(), RunNames.SPEC);
            }
            return store;
        } catch (RuntimeException failure) {
            store.close();
            throw failure;
        }
    }

    /** Opens the run for asking something of it; closed by the caller. */
    ObjectStore write() {
        look().close();
        return Stores.open(location(), RunsFolder.s3(settings().s3()), owner());
    }
}
