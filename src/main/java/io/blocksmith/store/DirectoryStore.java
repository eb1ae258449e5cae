package io.blocksmith.store;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Objects as files below one folder of a POSIX file system. An object is written to a {@code .tmp} file beside its
 * place, forced, then renamed (or hard-linked, where an existing one must win), and the folder is forced: a crash
 * leaves at most a {@code .tmp} file, which is no object.
 */
public final class DirectoryStore implements ObjectStore {
    private static final String UNFINISHED = ".tmp";
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int PROBE_BYTES = 1 << 16;

    private final Path root;
    /** Keeps a folder from being pruned between its creation and its first file. */
    private final Object folders = new Object();

    private final AtomicLong temporaries = new AtomicLong();

    private DirectoryStore(Path root) {
        this.root = root;
    }

    /** For looking: writes nothing by itself. */
    public static DirectoryStore open(Path root) {
        return new DirectoryStore(root.toAbsolutePath().normalize());
    }

    /** For the one process that may write: removes what a crash left unfinished. */
    public static DirectoryStore openForWriting(Path root) {
        DirectoryStore store = open(root);
        store.removeUnfinished();
        return store;
    }

    private void removeUnfinished() {
        if (!Files.isDirectory(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : (Iterable<Path>) files.filter(DirectoryStore::isUnfinished)::iterator) {
                Files.delete(file);
            }
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "clean up", root);
        }
    }

    @Override
    public Path temporary(String name) {
        Path object = path(name);
        // Two attempts at one name must not share a file.
        long process = ProcessHandle.current().pid();
        Path file = object.resolveSibling(
                "%s.%d-%d%s".formatted(object.getFileName(), process, temporaries.incrementAndGet(), UNFINISHED));
        try {
            synchronized (folders) {
                createFolder(object.getParent());
                return Files.createFile(file);
            }
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", file);
        }
    }

    @Override
    public ObjectRef put(String name, Path finished) {
        Path object = path(name);
        MessageDigest digest = Digests.sha256();
        try (FileChannel file = FileChannel.open(finished, READ, WRITE)) {
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
            long bytes = 0;
            while (file.read(chunk.clear()) >= 0) {
                bytes += chunk.flip().remaining();
                digest.update(chunk);
            }
            file.force(true);
            synchronized (folders) {
                createFolder(object.getParent());
                Files.move(finished, object, StandardCopyOption.ATOMIC_MOVE);
            }
            force(object.getParent());
            return new ObjectRef(name, bytes, Digests.hex(digest));
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", object);
        }
    }

    @Override
    public boolean createIfAbsent(String name, byte[] content) {
        Path object = path(name);
        Path file = temporary(name);
        try {
            try (FileChannel channel = FileChannel.open(file, WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(content);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            // A link never replaces, and makes the complete file appear at once: CREATE_NEW would show a torn one.
            Files.createLink(object, file);
            force(object.getParent());
            return true;
        } catch (FileAlreadyExistsException taken) {
            return false;
        } catch (UnsupportedOperationException failure) {
            throw BlocksmithException.environment(
                    failure, "cannot write %s: its file system has no hard links; put the run elsewhere", object);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", object);
        } finally {
            deleteQuietly(file);
        }
    }

    @Override
    public byte[] read(String name) {
        Path object = path(name);
        try {
            return Files.readAllBytes(object);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "read", object);
        }
    }

    @Override
    public Path path(String name) {
        Path object = root.resolve(name).normalize();
        if (name.endsWith("/") || !object.startsWith(root) || object.equals(root) || !isObject(object)) {
            throw BlocksmithException.defect("'%s' is no object name", name);
        }
        return object;
    }

    @Override
    public boolean exists(String name) {
        return Files.isRegularFile(path(name));
    }

    @Override
    public List<String> list(String prefix) {
        // The folder part of the prefix bounds the walk; the rest filters.
        Path folder =
                root.resolve(prefix.substring(0, prefix.lastIndexOf('/') + 1)).normalize();
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> Files.isRegularFile(file) && isObject(file))
                    .map(this::name)
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .toList();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "list", folder);
        }
    }

    @Override
    public void delete(String name) {
        Path object = path(name);
        try {
            synchronized (folders) {
                Files.deleteIfExists(object);
                pruneEmptyFolders(object.getParent());
            }
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "delete", object);
        }
    }

    @Override
    public boolean isWritable() {
        Path probe = null;
        try {
            probe = temporary("probe");
            Files.write(probe, new byte[PROBE_BYTES]);
            return true;
        } catch (IOException | BlocksmithException refused) {
            return false;
        } finally {
            if (probe != null) {
                deleteQuietly(probe);
            }
        }
    }

    @Override
    public long freeBytes() {
        Path existing = root;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        try {
            return Files.getFileStore(existing).getUsableSpace();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "look at", existing);
        }
    }

    private String name(Path object) {
        return root.relativize(object).toString();
    }

    private static boolean isUnfinished(Path file) {
        return file.getFileName().toString().endsWith(UNFINISHED);
    }

    /** Hidden files are not ours to show: the run's lock is one. */
    private static boolean isObject(Path file) {
        return !isUnfinished(file) && !file.getFileName().toString().startsWith(".");
    }

    private void createFolder(Path folder) throws IOException {
        Deque<Path> missing = new ArrayDeque<>();
        for (Path at = folder; at != null && !Files.isDirectory(at); at = at.getParent()) {
            missing.push(at);
        }
        Files.createDirectories(folder);
        for (Path created : missing) {
            if (created.getParent() != null) {
                force(created.getParent());
            }
        }
    }

    private void pruneEmptyFolders(Path from) throws IOException {
        try {
            for (Path folder = from; !folder.equals(root) && Files.isDirectory(folder); folder = folder.getParent()) {
                Files.delete(folder);
            }
        } catch (DirectoryNotEmptyException inUse) {
            // The rest of the way up is in use as well.
        }
    }

    /** Makes names in {@code folder} durable: a rename is in the folder's own data. */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, READ)) {
            channel.force(true);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException leftForTheNextCleanUp) {
            // An unfinished file is no object; the next opening for writing removes it.
        }
    }
}
