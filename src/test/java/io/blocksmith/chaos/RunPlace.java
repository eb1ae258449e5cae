package io.blocksmith.chaos;

import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.S3;
import io.blocksmith.store.S3Server;
import io.blocksmith.store.Stores;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where the runs of a test cluster are. */
public sealed interface RunPlace {

    /** What tells a node, as assignments of settings. */
    Map<String, String> settings();

    /** A run as the test looks at it; closed by the caller. */
    ObjectStore look(String run);

    /** A folder of run folders. */
    record Folder(Path runs) implements RunPlace {
        @Override
        public Map<String, String> settings() {
            return Map.of("cluster.runs", quoted(runs.toString()));
        }

        @Override
        public ObjectStore look(String run) {
            return DirectoryStore.open(runs.resolve(run));
        }
    }

    /**
     * A prefix in the bucket of a server.
     *
     * @param cache for the copies of all nodes of this machine
     */
    record Bucket(S3Server server, String prefix, Path cache) implements RunPlace {
        @Override
        public Map<String, String> settings() {
            return Map.of(
                    "cluster.runs", quoted(S3Server.location(prefix)),
                    "s3.endpoint", quoted(server.endpoint().toString()),
                    "s3.path-style", "true",
                    "s3.cache", quoted(cache.toString()));
        }

        @Override
        public ObjectStore look(String run) {
            S3 settings = new S3(Optional.of(server.endpoint()), Optional.empty(), true, cache, 1L << 30);
            return Stores.openForReading(S3Server.location(prefix + "/" + run), settings, "test");
        }
    }

    private static String quoted(String text) {
        return "\"%s\"".formatted(text);
    }
}
