package io.blocksmith.store;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Objects as files below one folder, used by any number of processes on one machine or, over a network file system, on
 * many. An object is written to a file in {@code .tmp/OWNER}, forced, then renamed to its place (or hard-linked, where
 * an existing one must win), and its folder is forced: a crash leaves at most a file in {@code .tmp}, which is no
 * object.
 *
 * <p>The file system must
 *
 * <ul>
 *   <li>rename atomically within the run folder, which must be one file system,
 *   <li>create a hard link only if there is no such name, whoever else tries at that moment: the fence between two
 *       supervisors rests on it,
 *   <li>keep what was forced, files and folders, through a loss of power,
 *   <li>show a file completely to whoever opens it after it was closed (close-to-open consistency). A name that another
 *       machine made may be seen late, never wrongly.
 * </ul>
 *
 * Local ext4, XFS and Btrfs do; so does NFS 4.1 and later with a {@code hard} mount, where {@code lookupcache=positive}
 * lets a machine see new names at once.
 */
public final class DirectoryStore implements ObjectStore {
    private static final int PROBE_BYTES = 1 << 16;

    private final Path root;
    private final Optional<OwnerFolders> owner;

    private DirectoryStore(Path root, Optional<OwnerFolders> owner) {
        this.root = root;
        this.owner = owner;
    }

    /** For looking: writes nothing, deletes nothing. */
    public static DirectoryStore open(Path root) {
        return new DirectoryStore(root.toAbsolutePath().normalize(), Optional.empty());
    }

    /**
     * For writing. Removes what a crashed process of the same name left.
     *
     * @param owner a name that no other live process uses on this folder
     */
    public static DirectoryStore openForWriting(Path root, String owner) {
        Path folder = root.toAbsolutePath().normalize();
        OwnerFolders folders = new OwnerFolders(folder, ObjectNames.requireOwner(owner));
        folders.clear();
        return new DirectoryStore(folder, Optional.of(folders));
    }

    public Path root() {
        return root;
    }

    private OwnerFolders folders() {
        return owner.orElseThrow(() -> BlocksmithException.defect("%s was opened for looking only", root));
    }

    @Override
    public Path temporary(String name) {
        return folders().temporary(ObjectNames.require(name));
    }

    @Override
    public Path scratch() {
        return folders().scratch();
    }

    @Override
    public ObjectRef put(String name, Path finished) {
        folders();
        Path object = path(name);
        try (FileChannel file = FileChannel.open(finished, READ, WRITE)) {
            ObjectRef reference = Digests.of(name, file);
            file.force(true);
            moveInto(object, finished);
            return reference;
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", object);
        }
    }

    @Override
    public boolean createIfAbsent(String name, byte[] content) {
        Path object = path(name);
        Path file = written(name, content);
        try {
            // A link never replaces, and makes the complete file appear at once: CREATE_NEW would show a torn one.
            FolderTree.inFolder(object.getParent(), () -> Files.createLink(object, file));
            FolderTree.forceIfPresent(object.getParent());
            return true;
        } catch (FileAlreadyExistsException taken) {
            return isOurs(object, file);
        } catch (UnsupportedOperationException failure) {
            throw BlocksmithException.environment(
                    failure, "cannot write %s: its file system has no hard links; put the run elsewhere", object);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "write", object);
        } finally {
            deleteQuietly(file);
        }
    }

    /** A network file system may have linked, lost its answer, and refused its own second try. */
    private static boolean isOurs(Path object, Path file) {
        try {
            return Files.isSameFile(object, file);
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "look at", object);
        }
    }

    @Override
    public void replace(String name, byte[] content) {
        Path object = path(name);
        Path file = written(name, content);
        try {
            moveInto(object, file);
        } catch (IOException failure) {
            deleteQuietly(file);
            throw StorageFailure.of(failure, "write", object);
        }
    }

    /** An unfinished file with {@code content}, forced. */
    private Path written(String name, byte[] content) {
        Path file = temporary(name);
        try (FileChannel channel = FileChannel.open(file, WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(content);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
            return file;
        } catch (IOException failure) {
            deleteQuietly(file);
            throw StorageFailure.of(failure, "write", path(name));
        }
    }

    private static void moveInto(Path object, Path file) throws IOException {
        FolderTree.inFolder(object.getParent(), () -> Files.move(file, object, StandardCopyOption.ATOMIC_MOVE));
        FolderTree.forceIfPresent(object.getParent());
    }

    @Override
    public Optional<byte[]> find(String name) {
        Path object = path(name);
        try {
            return Optional.of(Files.readAllBytes(object));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "read", object);
        }
    }

    @Override
    public byte[] read(String name) {
        return find(name).orElseThrow(() -> StorageFailure.missing(where(name)));
    }

    @Override
    public Path path(String name) {
        return root.resolve(ObjectNames.require(name));
    }

    @Override
    public void refresh(String name) {
        // Files are looked at where they are.
    }

    @Override
    public void release() {}

    @Override
    public Optional<ObjectRef> examine(String name) {
        Path object = path(name);
        try {
            return Optional.of(Digests.of(name, object));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "read", object);
        }
    }

    @Override
    public String where(String name) {
        return path(name).toString();
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
        if (!folder.startsWith(root)) {
            return List.of();
        }
        try {
            // Not Files.isDirectory, which answers no when the file system fails.
            if (!Files.readAttributes(folder, BasicFileAttributes.class).isDirectory()) {
                return List.of();
            }
            return FolderTree.files(folder).stream()
                    .map(file -> root.relativize(file).toString())
                    .filter(name -> name.startsWith(prefix) && !name.startsWith(OwnerFolders.SCRATCH + "/"))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException absent) {
            return List.of();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "list", folder);
        }
    }

    @Override
    public List<String> unfinished() {
        List<String> files = new ArrayList<>();
        for (String folder : new String[] {OwnerFolders.UNFINISHED, OwnerFolders.SCRATCH}) {
            Path at = root.resolve(folder);
            try {
                if (Files.isDirectory(at)) {
                    FolderTree.files(at)
                            .forEach(file -> files.add(root.relativize(file).toString()));
                }
            } catch (IOException failure) {
                throw StorageFailure.of(failure, "list", at);
            }
        }
        return files.stream().sorted().toList();
    }

    @Override
    public void delete(String name) {
        Path object = path(name);
        try {
            Files.deleteIfExists(object);
            FolderTree.pruneEmpty(object.getParent(), root);
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
    public long bytes() {
        return list("").stream().mapToLong(name -> size(root.resolve(name))).sum();
    }

    private static long size(Path object) {
        try {
            return Files.size(object);
        } catch (NoSuchFileException deletedMeanwhile) {
            return 0;
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "measure", object);
        }
    }

    @Override
    public long freeBytes() {
        return FreeSpace.of(root);
    }

    @Override
    public void close() {
        owner.ifPresent(OwnerFolders::clear);
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException leftForTheNextCleanUp) {
            // An unfinished file is no object; the next opening under this owner's name removes it.
        }
    }
}
