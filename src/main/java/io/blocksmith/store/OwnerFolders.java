package io.blocksmith.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where one process keeps what is no object yet: {@code .tmp/OWNER} and {@code scratch/OWNER} below {@code root}. Other
 * processes' folders are never touched, for nobody can tell from here whether they live.
 */
final class OwnerFolders {
    static final String UNFINISHED = ".tmp";
    static final String SCRATCH = "scratch";

    private final Path unfinished;
    private final Path scratch;
    /** Tells this opening from every other one of the owner; in a container each process has the same id. */
    private final String start = UUID.randomUUID().toString().substring(0, 8);

    private final AtomicLong count = new AtomicLong();

    OwnerFolders(Path root, String owner) {
        this(root.resolve(UNFINISHED).resolve(owner), root.resolve(SCRATCH).resolve(owner));
    }

    /** Two folders that nobody else uses. */
    OwnerFolders(Path unfinished, Path scratch) {
        this.unfinished = unfinished;
        this.scratch = scratch;
    }

    /** A new empty file. */
    Path temporary(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        // A process that was started again under this name may meet its frozen predecessor: they must not share files.
        Path file = unfinished.resolve("%s-%d-%s".formatted(start, count.incrementAndGet(), last));
        try {
            return FolderTree.inFolder(unfinished, () -> Files.createFile(file));
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", file);
        }
    }

    Path scratch() {
        try {
            return FolderTree.inFolder(scratch, () -> scratch);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "create", scratch);
        }
    }

    /** Removes everything in both folders. */
    void clear() {
        for (Path folder : new Path[] {unfinished, scratch}) {
            try {
                FolderTree.delete(folder);
                // So that a finished run has no empty folders; another owner's keep it.
                FolderTree.pruneEmpty(folder.getParent(), folder.getParent().getParent());
            } catch (IOException failure) {
                throw StorageFailure.of(failure, "clean up", folder);
            }
        }
    }
}
