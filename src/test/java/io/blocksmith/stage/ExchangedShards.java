package io.blocksmith.stage;

import io.blocksmith.store.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The gradient shards of E2E-QP in the store of a run. */
public final class ExchangedShards {
    /** Where a file of gradients has the name of who computed them. */
    private static final int WORKER_AT = 56;

    private static final int WORKER_BYTES = 72;

    /** Steps are counted from 0. */
    private static final Pattern SHARD = Pattern.compile("/step-(\\d+)/shard-\\d+\\.grad$");

    private ExchangedShards() {}

    /**
     * Who put the shards that are there: {@code (leader)}, or the name of a worker.
     *
     * @param done steps whose shards do not count: with as many, those of the first steps
     */
    public static Set<String> workers(ObjectStore store, long done) {
        Set<String> workers = new TreeSet<>();
        for (String name : store.list("end-to-end/")) {
            Matcher shard = SHARD.matcher(name);
            boolean counts = shard.find() && Long.parseLong(shard.group(1)) >= done;
            // Whoever trains deletes what nobody needs any more.
            Optional<byte[]> content = counts ? store.find(name) : Optional.empty();
            content.map(bytes -> new String(bytes, WORKER_AT, WORKER_BYTES, StandardCharsets.UTF_8).replace("\0", ""))
                    .ifPresent(workers::add);
        }
        return workers;
    }
}
