package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A small file system in memory that can be filled, and whose folders can be made read-only; needs root. */
final class SmallDisk implements AutoCloseable {
    private final Path mount;
    private final Thread lastResort = new Thread(this::unmountAll);
    private Optional<Path> readOnly = Optional.empty();
    private volatile Optional<Thread> filling = Optional.empty();
    private volatile boolean freed;

    private SmallDisk(Path mount) {
        this.mount = mount;
        Runtime.getRuntime().addShutdownHook(lastResort);
    }

    /** Mounts one at a new folder. */
    static SmallDisk mount(Path folder, int megabytes) throws Refused {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String said =
                run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "blocksmith-test", folder.toString());
        if (!said.isEmpty()) {
            throw new Refused("no file system can be mounted here: " + said.strip());
        }
        return new SmallDisk(folder);
    }

    /** Mounting is not allowed. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    Path root() {
        return mount;
    }

    private Path filler() {
        return mount.resolve("filler");
    }

    /** Takes all room there is, and what becomes free, until {@link #free}. */
    void fill() {
        fillOnce();
        Thread thread = new Thread(
                () -> {
                    while (!freed) {
                        fillOnce();
                        LockSupport.parkNanos(1_000_000);
                    }
                },
                "filler");
        thread.setDaemon(true);
        thread.start();
        filling = Optional.of(thread);
    }

    private void fillOnce() {
        for (int chunk : new int[] {1 << 20, 1 << 12}) {
            byte[] zeros = new byte[chunk];
            try (OutputStream out =
                    Files.newOutputStream(filler(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                while (!freed) {
                    out.write(zeros);
                }
            } catch (IOException full) {
                assertThat(full).as("smaller pieces fill the rest").hasMessageContaining("No space left");
            }
        }
    }

    /** Gives the room back. */
    void free() {
        freed = true;
        try {
            filling.orElseThrow().join();
            Files.delete(filler());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Whoever opens anything below {@code folder} from now on cannot write; what is open stays so. */
    void makeReadOnly(Path folder) {
        require(run("mount", "--bind", folder.toString(), folder.toString()));
        readOnly = Optional.of(folder);
        require(run("mount", "-o", "remount,bind,ro", folder.toString()));
    }

    void makeWritable() {
        require(run("umount", "-l", readOnly.orElseThrow().toString()));
        readOnly = Optional.empty();
    }

    private static void require(String said) {
        if (!said.isEmpty()) {
            throw new IllegalStateException(said);
        }
    }

    private static String run(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                return String.join(" ", command) + " does not end";
            }
            return process.exitValue() == 0 ? "" : said.isEmpty() ? "exit " + process.exitValue() : said;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void unmountAll() {
        freed = true;
        readOnly.ifPresent(folder -> run("umount", "-l", folder.toString()));
        run("umount", "-l", mount.toString());
    }

    @Override
    public void close() {
        unmountAll();
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}
