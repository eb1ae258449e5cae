package io.blocksmith.stage;

import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.Compute;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The stages of any run whose store this worker can reach. A run is opened when its first attempt comes, from its store
 * alone, and stays open. Used on the device thread; closed when that has ended.
 */
public final class Runs implements StageRunner, AutoCloseable {
    private final Function<String, ObjectStore> stores;
    private final Compute compute;
    private final Duration checkpointInterval;
    private final StageMeter meter;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private final Map<String, Opened> opened = new HashMap<>();

    private record Opened(ObjectStore store, Pipeline pipeline) {}

    /**
     * Makes a runner.
     *
     * @param stores opens the store of the run of a name, for writing; closed with this
     * @param checkpointInterval time from one save of a training to the next
     * @param meter told of what attempts measure
     * @param nanoTime measures durations
     * @param clock dates the report
     */
    public Runs(
            Function<String, ObjectStore> stores,
            Compute compute,
            Duration checkpointInterval,
            StageMeter meter,
            LongSupplier nanoTime,
            InstantSource clock) {
        this.stores = stores;
        this.compute = compute;
        this.checkpointInterval = checkpointInterval;
        this.meter = meter;
        this.nanoTime = nanoTime;
        this.clock = clock;
    }

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        return pipeline(assignment).run(assignment, monitor);
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        pipeline(assignment).assist(assignment, worker, monitor);
    }

    private Pipeline pipeline(Assignment assignment) {
        return opened.computeIfAbsent(assignment.ticket().run(), this::open).pipeline();
    }

    private Opened open(String run) {
        ObjectStore store = stores.apply(run);
        try {
            RunContext context = RunContext.open(store, compute, checkpointInterval);
            return new Opened(store, new Pipeline(context, meter, nanoTime, clock));
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public void close() {
        opened.values().forEach(run -> run.store().close());
        opened.clear();
    }
}
