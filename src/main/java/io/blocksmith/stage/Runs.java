package io.blocksmith.stage;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.StageMeter;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.tensor.Compute;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stages of any run whose store this worker can reach. A run is opened when its first attempt comes, from its store
 * alone, and stays open until one of another run comes: runs follow one another, and what an open one keeps on this
 * machine may fill a disk. Used on the device thread; closed when that has ended.
 */
public final class Runs implements StageRunner, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Runs.class);

    private final Function<String, ObjectStore> stores;
    private final Compute compute;
    private final Duration checkpointInterval;
    private final StageMeter meter;
    private final LongSupplier nanoTime;
    private final InstantSource clock;
    private Optional<Opened> opened = Optional.empty();

    private record Opened(String run, ObjectStore store, Pipeline pipeline) {}

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
        String run = assignment.ticket().run();
        if (opened.filter(now -> now.run().equals(run)).isEmpty()) {
            leave();
            opened = Optional.of(open(run));
        }
        return opened.get().pipeline();
    }

    private void leave() {
        Optional<Opened> left = opened;
        opened = Optional.empty();
        try {
            left.ifPresent(run -> run.store().close());
        } catch (BlocksmithException failure) {
            // The run that comes now has nothing to do with it.
            LOG.warn("{} was not closed properly: {}", left.get().run(), failure.getMessage());
        }
    }

    private Opened open(String run) {
        ObjectStore store = stores.apply(run);
        try {
            RunContext context = RunContext.open(store, compute, checkpointInterval);
            return new Opened(run, store, new Pipeline(context, meter, nanoTime, clock));
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public void close() {
        leave();
    }
}
