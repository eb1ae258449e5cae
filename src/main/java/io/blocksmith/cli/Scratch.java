package io.blocksmith.cli;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of this process's own for what is needed meanwhile. It goes when it is closed and when a signal ends the process;
 * what a killed process left goes when the next one opens its own in the same place, which a lock tells from a live one's.
 */
final class Scratch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scratch.class);

    /** Chooses the place where none is given. */
    static final String PLACE = "BLOCKSMITH_SCRATCH";

    private static final String PREFIX = "blocksmith-scratch-";
    private static final String LOCK = "lock";
    private static final int TRIES = 100;
    private static final Duration BEING_MADE = Duration.ofMinutes(1);

    private final Path folder;
    private final FileChannel channel;
    private final FileLock lock;
    private final Thread onSignal = new Thread(this::delete, "delete-scratch");

    private Scratch(Path folder, FileChannel channel, FileLock lock) {
        this.folder = folder;
        this.channel = channel;
        this.lock = lock;
    }

    /** In {@code given}, or else in $BLOCKSMITH_SCRATCH, or else in the system's temporary folder. */
    static Scratch open(Path given) {
        String chosen = System.getenv(PLACE);
        Path place = given != null
                ? given
                : Path.of(chosen != null && !chosen.isEmpty() ? chosen : System.getProperty("java.io.tmpdir"));
        try {
            sweep(place);
            Path folder = Files.createTempDirectory(place, PREFIX);
            FileChannel channel =
                    FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            Scratch scratch = new Scratch(folder, channel, channel.lock());
            Runtime.getRuntime().addShutdownHook(scratch.onSignal);
            return scratch;
        } catch (IOException e) {
            throw BlocksmithException.environment(
                    e,
                    "scratch space in %s: %s; choose another place with --scratch or %s",
                    place,
                    Reason.of(e),
                    PLACE);
        }
    }

    /** Removes what processes left that are no more. */
    private static void sweep(Path place) throws IOException {
        List<Path> left;
        try (Stream<Path> entries = Files.list(place)) {
            left = entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .filter(Files::isDirectory)
                    .filter(Scratch::isOld)
                    .toList();
        }
        for (Path folder : left) {
            try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    System.err.println("note: " + folder + " was left by a process that is no more; it is removed");
                    delete(folder);
                }
            } catch (IOException | OverlappingFileLockException unclear) {
                // Somebody else's, or one that is being made or removed at this moment.
                LOG.debug("{} is left alone: {}", folder, Reason.of(unclear));
            }
        }
    }

    /** Whether it is past the moment between being made and being locked. */
    private static boolean isOld(Path folder) {
        try {
            return Files.getLastModifiedTime(folder)
                    .toInstant()
                    .isBefore(Instant.now().minus(BEING_MADE));
        } catch (IOException gone) {
            return false;
        }
    }

    Path folder() {
        return folder;
    }

    /** Tells how much will lie here, and refuses when there is no room for it. */
    void announce(long bytes) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            if (bytes > free) {
                throw new BlocksmithException(
                        Category.ENVIRONMENT,
                        "scratch space in %s: %s are needed, %s are free; choose another place with --scratch or %s, or fewer --windows"
                                .formatted(
                                        folder.getParent(),
                                        Text.bytes((double) bytes),
                                        Text.bytes((double) free),
                                        PLACE),
                        null);
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "scratch space in %s: %s", folder.getParent(), Reason.of(e));
        }
        System.err.printf("scratch space: up to %s in %s%n", Text.bytes((double) bytes), folder.getParent());
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(onSignal);
        } catch (IllegalStateException goingDown) {
            // The hook deletes it.
            return;
        }
        delete();
    }

    private void delete() {
        try {
            lock.close();
            channel.close();
            delete(folder);
        } catch (IOException e) {
            System.err.printf("note: %s stays behind: %s; the next run there removes it%n", folder, Reason.of(e));
        }
    }

    /** Another thread may still write meanwhile; it cannot any more when the folder itself is gone. */
    private static void delete(Path tree) throws IOException {
        for (int tries = 1; Files.exists(tree); tries++) {
            try (Stream<Path> paths = Files.walk(tree)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            } catch (DirectoryNotEmptyException | NoSuchFileException | UncheckedIOException written) {
                if (tries == TRIES) {
                    throw new IOException(written);
                }
            }
        }
    }
}
