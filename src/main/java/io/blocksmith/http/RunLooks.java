package io.blocksmith.http;

import io.blocksmith.store.Lease;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** What this process sees of its runs: at most one look at each within a while, and none that nobody asks for. */
final class RunLooks implements AutoCloseable {
    /** How long the row of a run that rests is good enough: most runs do, and look by look they are the same. */
    private static final Duration RESTING_LASTS = Duration.ofSeconds(30);

    private final RunDirectory directory;
    private final Lease.Processes processes;
    private final Duration lasts;
    private final Executor threads;
    private final InstantSource clock = InstantSource.system();
    private final LongSupplier nanoTime = System::nanoTime;
    private final SharedLook<List<String>> names;
    private final Map<String, Watched> runs = new ConcurrentHashMap<>();

    /** A run that somebody has asked for. */
    private final class Watched {
        private final String name;
        private final SharedLook<OpenRun.Seen> look;
        /** Null before the first look, which opens it. */
        private volatile OpenRun open;

        Watched(String name) {
            this.name = name;
            this.look = new SharedLook<>(() -> run().look(), lasts, nanoTime, threads);
        }

        private synchronized OpenRun run() {
            if (open == null) {
                open = new OpenRun(directory.where(name), directory.look(name), processes, clock);
            }
            return open;
        }
    }

    /**
     * Makes one that has looked at nothing.
     *
     * @param processes of this machine
     * @param lasts how long what was seen is good enough
     * @param threads that may wait for a store
     */
    RunLooks(RunDirectory directory, Lease.Processes processes, Duration lasts, Executor threads) {
        this.directory = directory;
        this.processes = processes;
        this.lasts = lasts;
        this.threads = threads;
        this.names = new SharedLook<>(directory::names, lasts, nanoTime, threads);
    }

    CompletionStage<List<String>> names() {
        return names.lately();
    }

    /** The run as it was seen lately; a {@link Refusal} when there is none of this name. */
    CompletionStage<OpenRun.Seen> lately(String run) {
        return known(run).thenCompose(watched -> watched.look.lately());
    }

    /** The same for a list of all runs, where one that rests is told as it was up to half a minute ago. */
    CompletionStage<OpenRun.Seen> inShort(String run) {
        return known(run)
                .thenCompose(watched ->
                        watched.look.lately(seen -> switch (seen.sight().state().phase()) {
                            case COMPLETED, STOPPED -> RESTING_LASTS;
                            case NEW, SUBMITTED, RUNNING, PAUSED -> lasts;
                        }));
    }

    /** The run as it is now. */
    CompletionStage<OpenRun.Seen> afresh(String run) {
        return known(run).thenCompose(watched -> watched.look.afresh());
    }

    /** Does something that waits for the store of a run that has been looked at. */
    <T> CompletionStage<T> with(String run, Function<OpenRun, T> task) {
        return known(run).thenApplyAsync(watched -> task.apply(watched.run()), threads);
    }

    private CompletionStage<Watched> known(String run) {
        return names().thenApply(all -> {
            if (!all.contains(run)) {
                throw Refusal.of(404, "there is no run of this name")
                        .found(run)
                        .toDo("GET /api/v1/runs lists the runs of this node");
            }
            return runs.computeIfAbsent(run, Watched::new);
        });
    }

    @Override
    public void close() {
        for (Watched watched : runs.values()) {
            if (watched.open != null) {
                watched.open.close();
            }
        }
        directory.close();
    }
}
