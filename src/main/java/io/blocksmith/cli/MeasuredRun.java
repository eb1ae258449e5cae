package io.blocksmith.cli;

import io.blocksmith.cluster.RunListener;
import io.blocksmith.cluster.RunStatus;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.metrics.RunMetrics;
import io.blocksmith.metrics.RunSnapshot;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.Recipe;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes what a supervisor tells of its run to the metrics of this process. */
final class MeasuredRun implements RunListener {
    private static final Logger LOG = LoggerFactory.getLogger(MeasuredRun.class);
    /** Between two measurements of the store, which look at every object. */
    private static final long STORE_EVERY_NANOS = 600_000_000_000L;

    private final RunMetrics metrics;
    private final ObjectStore store;
    private final Recipe recipe;
    private final LongSupplier nanoTime;
    /** Set once the metrics have taken the run. */
    private Optional<Plan> plan = Optional.empty();

    private Optional<Long> measured = Optional.empty();
    /** A measurement that has not been told; done on a thread of its own, because it takes minutes in a large run. */
    private Optional<Future<Stored>> measuring = Optional.empty();
    /** The newest event since the run is this process's. */
    private Optional<Handled> newest = Optional.empty();

    private record Handled(Event event, RunState after) {}

    private record Stored(long bytes, long free) {}

    MeasuredRun(RunMetrics metrics, ObjectStore store, Recipe recipe, LongSupplier nanoTime) {
        this.metrics = metrics;
        this.store = store;
        this.recipe = recipe;
        this.nanoTime = nanoTime;
    }

    @Override
    public void recorded(Event event, RunState after) {
        if (event instanceof SupervisorStarted || newest.isPresent()) {
            newest = Optional.of(new Handled(event, after));
        }
        if (plan.isPresent()) {
            metrics.recorded(event, after);
        } else {
            take();
        }
    }

    /** Tried at each event and look until the ledger can be read: a run without its series looks unsupervised. */
    private void take() {
        if (newest.isEmpty()) {
            return;
        }
        RunState state = newest.get().after();
        List<Event> past;
        try {
            past = upTo(newest.get().event());
        } catch (BlocksmithException unreadable) {
            LOG.warn("no metrics of {} yet, its ledger cannot be read: {}", state.run(), unreadable.getMessage());
            return;
        }
        metrics.took(
                new RunMetrics.Kind(
                        state.run(),
                        recipe.quantization().bits(),
                        recipe.quantization().groupSize(),
                        recipe.blockAp().segments(),
                        state.holder()),
                past);
        plan = Optional.of(Plan.of(recipe, state.blocks()));
    }

    /** What comes later will be told. */
    private List<Event> upTo(Event event) {
        List<Event> events = new Ledger(store).events();
        return events.subList(0, events.lastIndexOf(event) + 1);
    }

    @Override
    public void progressed(Progress progress) {
        if (plan.isPresent()) {
            metrics.progressed(progress);
        }
    }

    @Override
    public void looked(RunStatus status) {
        if (plan.isEmpty()) {
            take();
        }
        if (plan.isEmpty()) {
            return;
        }
        RunState state = status.state();
        metrics.looked(new RunSnapshot(
                state,
                status.progress(),
                status.known().keySet(),
                status.reachable(),
                status.stragglers().size(),
                status.trouble().isPresent(),
                plan.get().stages().size(),
                status.fraction(),
                status.secondsLeft()));
        measureStore(state.run());
    }

    private void measureStore(String run) {
        if (measuring.isPresent()) {
            if (measuring.get().isDone()) {
                tell(run, measuring.get());
                measuring = Optional.empty();
            }
            return;
        }
        long now = nanoTime.getAsLong();
        if (measured.isPresent() && now - measured.get() < STORE_EVERY_NANOS) {
            return;
        }
        measured = Optional.of(now);
        FutureTask<Stored> measurement = new FutureTask<>(this::stored);
        measuring = Optional.of(measurement);
        Thread.ofPlatform().daemon().name("store size").start(measurement);
    }

    private Stored stored() {
        // The room of a bucket has no end that anybody could tell; what a store of objects has locally is a cache.
        boolean remote = store.where(RunNames.SPEC).startsWith("s3://");
        return new Stored(store.bytes(), remote ? -1 : store.freeBytes());
    }

    private void tell(String run, Future<Stored> measurement) {
        switch (measurement.state()) {
            case SUCCESS ->
                metrics.stored(
                        run,
                        measurement.resultNow().bytes(),
                        measurement.resultNow().free());
            case FAILED ->
                LOG.warn(
                        "the store cannot be measured: {}",
                        measurement.exceptionNow().getMessage());
            case CANCELLED, RUNNING -> {}
        }
    }

    @Override
    public void stale(Ticket ticket) {
        metrics.stale(ticket.run());
    }

    @Override
    public void ended(RunOutcome outcome) {
        if (plan.isEmpty()) {
            // What the metrics show is the run before this one, whose end this one does not change.
            return;
        }
        switch (outcome) {
            case RunOutcome.Completed _, RunOutcome.Stopped _ -> metrics.rests();
            case RunOutcome.Fenced _ -> {
                newest.ifPresent(last -> metrics.fenced(last.after().run()));
                metrics.lost();
            }
            case RunOutcome.Broken _ -> metrics.lost();
        }
    }
}
