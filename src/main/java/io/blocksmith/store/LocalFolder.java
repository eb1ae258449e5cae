package io.blocksmith.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * What one opening of a remote store keeps on this machine: {@code OWNER/PROCESS/NUMBER} below a folder that all
 * processes of the machine share. No two openings share theirs: a process has several runs open under its one name, or
 * looks at a run beside the one that it works on, and one that was started again may meet its frozen predecessor.
 */
final class LocalFolder {
    /** Tells this process from every other one of its owner's name; in a container each has the same process id. */
    private static final String PROCESS = UUID.randomUUID().toString().substring(0, 8);

    private static final AtomicLong OPENINGS = new AtomicLong();

    private final Path root;
    private final Path folder;
    private final OwnerFolders work;

    /** A folder for a new opening, not made yet; removes what ended processes of {@code owner}'s name left. */
    LocalFolder(Path root, String owner) {
        this.root = root;
        Path all = root.resolve(ObjectNames.requireOwner(owner));
        this.folder = all.resolve(PROCESS).resolve(Long.toString(OPENINGS.incrementAndGet()));
        this.work = new OwnerFolders(folder.resolve("unfinished"), folder.resolve(OwnerFolders.SCRATCH));
        try {
            for (Path process : processes(all)) {
                if (!process.endsWith(PROCESS)) {
                    FolderTree.delete(process);
                }
            }
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "clean up", all);
        }
    }

    private static List<Path> processes(Path all) throws IOException {
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (Stream<Path> processes = Files.list(all)) {
            return processes.toList();
        }
    }

    /** A new empty file. */
    Path temporary(String name) {
        return work.temporary(name);
    }

    Path scratch() {
        return work.scratch();
    }

    /** Where copies of objects belong. */
    Path objects() {
        return folder.resolve("objects");
    }

    /** Removes everything in it. */
    void delete() {
        try {
            FolderTree.delete(folder);
            FolderTree.pruneEmpty(folder.getParent(), root);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "clean up", folder);
        }
    }
}
