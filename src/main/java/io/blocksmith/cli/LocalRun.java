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
        if (isInBucket(given)) {
            throw BlocksmithException.user(
                    "--out %s: a run in one process wants a local folder, a bucket was found; for a run in a bucket"
                        + " start a coordinator and a worker with cluster.runs = \"s3://BUCKET/PREFIX\", and give it"
                        + " to them with `blocksmith submit`",
                    address(given));
        }
        return given.toAbsolutePath().normalize();
    }

    /** Refuses a bucket where a model on this machine is needed. */
    static void requireLocalModel(Path given) {
        if (isInBucket(given)) {
            throw BlocksmithException.user(
                    "--model %s: a local folder was expected, a bucket was found; copy the export to this machine"
                            + " first",
                    address(given));
        }
    }

    private static boolean isInBucket(Path given) {
        return given.startsWith("s3:");
    }

    private static String address(Path given) {
        return "s3://" + Path.of("s3:").relativize(given);
    }
}
