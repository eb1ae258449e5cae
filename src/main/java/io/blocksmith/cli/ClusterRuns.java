package io.blocksmith.cli;

import io.blocksmith.cluster.RunCatalog;
import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.RunIdentity;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import io.blocksmith.store.SpecFile;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runs of a cluster, as its coordinators find them in the store. */
final class ClusterRuns implements RunCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterRuns.class);
    /** How long a complete run is left alone: of all runs ever submitted most are complete, and few are asked again. */
    private static final Duration LEFT_ALONE = Duration.ofSeconds(30);

    private final RunsFolder folder;
    private final Settings settings;
    private final String holder;
    private final BiFunction<ObjectStore, Recipe, RunListener> listeners;
    private final LongSupplier nanoTime;
    private final Map<String, ObjectStore> open = new ConcurrentHashMap<>();
    /** Runs that were complete when they were looked at, by name. */
    private final Map<String, Completed> completed = new HashMap<>();
    /** Why a run could not be looked at last time, so that it is said once and not at every look. */
    private final Map<String, String> unreadable = new HashMap<>();

    /**
     * Makes a catalog.
     *
     * @param holder who supervises, for people
     * @param listeners what watches a run that is supervised here
     */
    ClusterRuns(
            RunsFolder folder,
            Settings settings,
            String holder,
            BiFunction<ObjectStore, Recipe, RunListener> listeners) {
        this(folder, settings, holder, listeners, System::nanoTime);
    }

    ClusterRuns(
            RunsFolder folder,
            Settings settings,
            String holder,
            BiFunction<ObjectStore, Recipe, RunListener> listeners,
            LongSupplier nanoTime) {
        this.folder = folder;
        this.settings = settings;
        this.holder = holder;
        this.listeners = listeners;
        this.nanoTime = nanoTime;
    }

    /**
     * What is kept of a complete run.
     *
     * @param end of its ledger, which tells whether it is complete still
     */
    private record Completed(Ledger.End end, long lookedAt) {}

    @Override
    public synchronized List<String> waiting() {
        return folder.submitted().stream().filter(this::isWaiting).toList();
    }

    /** A run that cannot be looked at is skipped, because it must not keep the others from their turn. */
    private boolean isWaiting(String run) {
        try {
            boolean waiting = isWaitingByItsStore(run);
            unreadable.remove(run);
            return waiting;
        } catch (BlocksmithException failure) {
            String why = String.valueOf(failure.getMessage());
            if (!why.equals(unreadable.put(run, why))) {
                LOG.warn("run {} is skipped while it cannot be looked at: {}", run, why);
            }
            return false;
        }
    }

    private boolean isWaitingByItsStore(String run) {
        long now = nanoTime.getAsLong();
        Completed before = completed.get(run);
        if (before != null && now - before.lookedAt() < LEFT_ALONE.toNanos()) {
            return false;
        }
        try (ObjectStore store = folder.look(run)) {
            if (before != null && Ledger.endsAt(store, before.end())) {
                completed.put(run, new Completed(before.end(), now));
                return isAsked(store, Request.Retry.class);
            }
            Ledger ledger = new Ledger(store);
            Phase phase = ledger.read().phase();
            if (phase == Phase.COMPLETED) {
                completed.put(run, new Completed(ledger.end(), now));
            } else {
                // One that was complete was taken up again, or deleted and begun anew.
                completed.remove(run);
            }
            return switch (phase) {
                case NEW -> false;
                case SUBMITTED, RUNNING, PAUSED -> true;
                case STOPPED -> isAsked(store, Request.Resume.class) || isAsked(store, Request.Retry.class);
                case COMPLETED -> isAsked(store, Request.Retry.class);
            };
        }
    }

    /** Whether somebody asked a resting run for this. */
    private static boolean isAsked(ObjectStore store, Class<? extends Request> wanted) {
        return new RequestBox(store, InstantSource.system(), UUID::randomUUID)
                .shown().values().stream().anyMatch(wanted::isInstance);
    }

    @Override
    public Opened open(String run) {
        ObjectStore store = folder.open(run);
        open.put(run, store);
        SpecFile spec = SpecFile.read(store);
        Recipe recipe = spec.identity(RunIdentity.class).recipe();
        int blocks = new Ledger(store).read().blocks();
        return new Opened(
                Supervision.of(run, spec.identityDigest(), Plan.of(recipe, blocks), recipe, store, settings, holder),
                listeners.apply(store, recipe));
    }

    @Override
    public void close(String run) {
        ObjectStore store = open.remove(run);
        if (store != null) {
            store.close();
        }
    }
}
