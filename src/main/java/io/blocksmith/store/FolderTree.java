package io.blocksmith.store;

import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * Folders that other processes create, fill and prune at the same time. A folder that is empty now may be gone at the
 * next call, so whoever needs one makes it again.
 */
final class FolderTree {
    /** A pruner has to win this often in a row, each time within microseconds, before a writer gives up. */
    private static final int TRIES = 1000;

    private FolderTree() {}

    /** Something that needs a folder. */
    interface Deed<T> {
        T perform() throws IOException;
    }

    /** Performs {@code deed} while {@code folder} exists, creating it durably and as often as somebody prunes it. */
    static <T> T inFolder(Path folder, Deed<T> deed) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                create(folder);
                return deed.perform();
            } catch (NoSuchFileException pruned) {
                if (tries == TRIES) {
                    throw pruned;
                }
            }
        }
    }

    private static void create(Path folder) throws IOException {
        Deque<Path> missing = new ArrayDeque<>();
        for (Path at = folder; at != null && !Files.isDirectory(at); at = at.getParent()) {
            missing.push(at);
        }
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException raced) {
            // It was there when the runtime tried to create it, and pruned when the runtime looked what it was.
            Path there = Path.of(raced.getFile());
            if (Files.exists(there) && !Files.isDirectory(there)) {
                throw raced;
            }
            throw new NoSuchFileException(raced.getFile());
        }
        for (Path created : missing) {
            if (created.getParent() != null) {
                force(created.getParent());
            }
        }
    }

    /** Makes names in {@code folder} durable: a rename is in the folder's own data. */
    static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, READ)) {
            channel.force(true);
        }
    }

    /** Like {@link #force}, after a name was made: when the folder is gone, somebody deleted that name already. */
    static void forceIfPresent(Path folder) throws IOException {
        try {
            force(folder);
        } catch (NoSuchFileException gone) {
            // Then there is no name to make durable.
        }
    }

    /** Removes {@code from} and the folders above it as far as they are empty, but not {@code root}. */
    static void pruneEmpty(Path from, Path root) throws IOException {
        try {
            for (Path folder = from; !folder.equals(root); folder = folder.getParent()) {
                Files.deleteIfExists(folder);
            }
        } catch (DirectoryNotEmptyException inUse) {
            // The rest of the way up is in use as well.
        }
    }

    /** Removes {@code folder} with everything in it. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException failure) {
            throw failure.getCause();
        }
    }

    /** All files below {@code folder} that no part of their path below it hides, in any order. */
    static List<Path> files(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path at, BasicFileAttributes attributes) {
                return isHidden(at) && !at.equals(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && !isHidden(file)) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                return goOn(failure);
            }

            @Override
            public FileVisitResult postVisitDirectory(Path at, IOException failure) throws IOException {
                return goOn(failure);
            }

            private FileVisitResult goOn(IOException failure) throws IOException {
                // What others delete while we look is gone.
                if (failure != null && !(failure instanceof NoSuchFileException)) {
                    throw failure;
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }
}
