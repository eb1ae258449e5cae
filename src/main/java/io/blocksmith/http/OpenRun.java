package io.blocksmith.http;

import akka.util.ByteString;
import io.blocksmith.status.HeartbeatWatch;
import io.blocksmith.status.RunSight;
import io.blocksmith.status.StatusJson;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/** One run that this process looks at; by one thread at a time. */
final class OpenRun implements AutoCloseable {
    private final String where;
    private final ObjectStore store;
    private Ledger ledger;
    private final Lease.Processes processes;
    private final InstantSource clock;
    private final HeartbeatWatch watch = new HeartbeatWatch(System::nanoTime);

    /**
     * What a look showed.
     *
     * @param document the status document, in one line of UTF-8
     * @param tag differs when anything but the time and the count of heartbeats does
     */
    record Seen(RunSight sight, ByteString document, String tag) {}

    /** A run in {@code store}, which is closed with it. */
    OpenRun(String where, ObjectStore store, Lease.Processes processes, InstantSource clock) {
        this.where = where;
        this.store = store;
        this.ledger = new Ledger(store);
        this.processes = processes;
        this.clock = clock;
    }

    Seen look() {
        if (!Ledger.contains(store, ledger.end())) {
            // Another run of the same name by now: what was read of the one before it is not its past.
            ledger = new Ledger(store);
        }
        RunSight sight = RunSight.of(where, store, ledger, watch, processes, clock);
        Map<String, Object> tree = new StatusJson(sight).tree();
        return new Seen(sight, ByteString.fromArrayUnsafe(Json.write(tree)), tag(tree));
    }

    ObjectStore store() {
        return store;
    }

    private static String tag(Map<String, Object> tree) {
        Map<String, Object> timeless = new LinkedHashMap<>(tree);
        timeless.remove("now");
        timeless.computeIfPresent("supervisor", (key, value) -> {
            Map<Object, Object> supervisor = new LinkedHashMap<>((Map<?, ?>) value);
            supervisor.remove("seconds-since-beat");
            supervisor.remove("beat");
            return supervisor;
        });
        return EntityTag.of(Json.write(timeless));
    }

    @Override
    public void close() {
        store.close();
    }
}
