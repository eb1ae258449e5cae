package io.blocksmith.cli;

import io.blocksmith.cluster.RunCatalog;
import io.blocksmith.cluster.RunListener;
import io.blocksmith.config.Settings;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Plan;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.spec.Recipe;
import io.blocksmith.stage.RunIdentity;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import io.blocksmith.store.SpecFile;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The runs of a cluster, as its coordinators find them in the store. */
final class ClusterRuns implements RunCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterRuns.class);

    private final RunsFolder folder;
    private final Settings settings;
    private final String holder;
    private final BiFunction<ObjectStore, Recipe, RunListener> listeners;
    private final Map<String, ObjectStore> open = new ConcurrentHashMap<>();
    private final Set<String> completed = new HashSet<>();
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
        this.folder = folder;
        this.settings = settings;
        this.holder = holder;
        this.listeners = listeners;
    }

    @Override
    public synchronized List<String> waiting() {
        return folder.submitted().stream()
                .filter(run -> !completed.contains(run) && isWaiting(run))
                .toList();
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
        try (ObjectStore store = folder.look(run)) {
            RunState state = new Ledger(store).read();
            if (state.phase() == Phase.COMPLETED) {
                completed.add(run);
            }
            return switch (state.phase()) {
                case NEW, COMPLETED -> false;
                case SUBMITTED, RUNNING, PAUSED -> true;
                case STOPPED -> isWanted(store);
            };
        }
    }

    /** Whether somebody asked a resting run to go on. */
    private static boolean isWanted(ObjectStore store) {
        return new RequestBox(store, InstantSource.system(), UUID::randomUUID)
                .shown().values().stream()
                        .anyMatch(request -> request instanceof Request.Resume || request instanceof Request.Retry);
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
