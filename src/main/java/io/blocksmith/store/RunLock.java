package io.blocksmith.store;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a second start of a run off its folder while the first lives on this machine. The operating system releases
 * the lock with the process, however it ends. Between machines the ledger's epochs decide.
 */
public final class RunLock implements AutoCloseable {
    /**
     * Folders locked by this process. POSIX drops a process's lock when it closes any channel of the file, so the file
     * must not even be opened a second time.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private RunLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /**
     * Takes the lock of {@code folder}, creating the folder when there is none.
     *
     * @throws BlocksmithException when somebody has it, naming the process
     */
    public static RunLock take(Path folder) {
        Path file = folder.resolve(".lock");
        Path real;
        try {
            Files.createDirectories(folder);
            real = folder.toRealPath();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "create", folder);
        }
        long pid = ProcessHandle.current().pid();
        if (!HELD.add(real)) {
            throw inUse(folder, Long.toString(pid));
        }
        try {
            FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE);
            if (channel.tryLock() == null) {
                String holder = text(channel);
                channel.close();
                throw inUse(folder, holder);
            }
            channel.truncate(0).write(ByteBuffer.wrap(Long.toString(pid).getBytes(StandardCharsets.UTF_8)), 0);
            return new RunLock(real, channel);
        } catch (IOException failure) {
            HELD.remove(real);
            throw StorageFailure.of(failure, "lock", file);
        } catch (BlocksmithException taken) {
            HELD.remove(real);
            throw taken;
        }
    }

    private static String text(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(32);
        channel.read(buffer, 0);
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
    }

    private static BlocksmithException inUse(Path folder, String pid) {
        return BlocksmithException.environment(
                null, "%s is in use by process %s: wait for it or stop it, then start again", folder, pid);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "unlock", folder);
        } finally {
            HELD.remove(folder);
        }
    }
}
