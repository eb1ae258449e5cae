package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import java.nio.file.Path;

/** The folder of a run in one process. */
final class LocalRun {
    private LocalRun() {}

    /**
     * The folder that {@code given} names.
     *
     * @throws BlocksmithException (the user's) when that is a bucket, which would quietly become a folder called "s3:"
     */
    static Path folder(Path given) {
        if (given.startsWith("s3:")) {
            throw BlocksmithException.user(
                    "--out s3://%s: a run in one process wants a local folder, a bucket was found; for a run in a bucket"
                            + " start a coordinator and a worker with cluster.runs = \"s3://BUCKET/PREFIX\", and give it"
                            + " to them with `blocksmith submit`",
                    Path.of("s3:").relativize(given));
        }
        return given.toAbsolutePath().normalize();
    }
}
