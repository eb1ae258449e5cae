package io.blocksmith.store;

import java.nio.file.Path;

/** A run folder held for writing by this process: its objects, its ledger, and the lock that goes with them. */
public final class RunFolder implements AutoCloseable {
    /** One name for all embedded runs, so that each cleans up after the one before; the lock admits one at a time. */
    private static final String OWNER = "embedded";

    private final Path root;
    private final RunLock lock;
    private final DirectoryStore store;

    private RunFolder(Path root, RunLock lock, DirectoryStore store) {
        this.root = root;
        this.lock = lock;
        this.store = store;
    }

    /**
     * Opens or creates the folder and removes what a crash left unfinished.
     *
     * @throws io.blocksmith.failure.BlocksmithException when another live process holds it
     */
    public static RunFolder open(Path root) {
        RunLock lock = RunLock.take(root);
        try {
            return new RunFolder(root, lock, DirectoryStore.openForWriting(root, OWNER));
        } catch (RuntimeException failure) {
            lock.close();
            throw failure;
        }
    }

    public Path root() {
        return root;
    }

    public ObjectStore store() {
        return store;
    }

    /** A ledger over this folder; one at a time may be written to. */
    public Ledger ledger() {
        return new Ledger(store);
    }

    @Override
    public void close() {
        try (lock) {
            store.close();
        }
    }
}
