package io.blocksmith.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Local copies of remote objects in a folder that nobody else uses, the least recently used removed first above a number of
 * bytes. A copy that was asked for within the last two hours stays even then, for a stage that asked for all it needs
 * may open some of it late; once it is open or mapped, removing it harms nobody.
 */
final class LocalCopies {
    private static final long OPENED_BY_THEN = Duration.ofHours(2).toNanos();

    private record Copy(Path file, long bytes, String version, long usedNanos) {}

    private final Path folder;
    private final long limit;
    private final LongSupplier nanoTime;
    /** By name, the least recently used first. */
    private final LinkedHashMap<String, Copy> copies = new LinkedHashMap<>();

    private long total;

    LocalCopies(Path folder, long limit, LongSupplier nanoTime) {
        this.folder = folder;
        this.limit = limit;
        this.nanoTime = nanoTime;
    }

    /** The copy of that version of the object, if it is here in full. */
    synchronized Optional<Path> find(String name, String version) throws IOException {
        Copy copy = copies.get(name);
        if (copy == null) {
            return Optional.empty();
        }
        boolean whole = copy.version().equals(version)
                && Files.isRegularFile(copy.file())
                && Files.size(copy.file()) == copy.bytes();
        if (!whole) {
            drop(name);
            return Optional.empty();
        }
        copies.remove(name);
        copies.put(name, new Copy(copy.file(), copy.bytes(), version, nanoTime.getAsLong()));
        return Optional.of(copy.file());
    }

    /** Moves a complete local file in as the copy of an object. */
    synchronized Path place(String name, String version, Path complete) throws IOException {
        Copy before = copies.remove(name);
        if (before != null) {
            // Replaced by the move below: somebody may be about to open it.
            total -= before.bytes();
        }
        long bytes = Files.size(complete);
        makeRoom(bytes);
        Path file = folder.resolve(name);
        FolderTree.inFolder(file.getParent(), () -> Files.move(complete, file, StandardCopyOption.ATOMIC_MOVE));
        copies.put(name, new Copy(file, bytes, version, nanoTime.getAsLong()));
        total += bytes;
        return file;
    }

    private void makeRoom(long bytes) throws IOException {
        Iterator<Map.Entry<String, Copy>> oldest = copies.entrySet().iterator();
        while (total + bytes > limit && oldest.hasNext()) {
            Copy copy = oldest.next().getValue();
            if (nanoTime.getAsLong() - copy.usedNanos() > OPENED_BY_THEN) {
                oldest.remove();
                remove(copy);
            }
        }
    }

    synchronized void drop(String name) throws IOException {
        Copy copy = copies.remove(name);
        if (copy != null) {
            remove(copy);
        }
    }

    private void remove(Copy copy) throws IOException {
        total -= copy.bytes();
        Files.deleteIfExists(copy.file());
        FolderTree.pruneEmpty(copy.file().getParent(), folder);
    }
}
