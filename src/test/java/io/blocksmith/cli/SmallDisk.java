package io.blocksmith.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A small file system in memory that can be filled, and whose folders can be made read-only; needs root. */
final class SmallDisk implements AutoCloseable {
    private final Path mount;
    private final Thread lastResort = new Thread(this::unmountAll);
    private Optional<Path> readOnly = Optional.empty();

    private SmallDisk(Path mount) {
        this.mount = mount;
        Runtime.getRuntime().addShutdownHook(lastResort);
    }

    /** Mounts one at a new folder; empty, with the reason, where that is not allowed. */
    static SmallDisk mount(Path folder, int megabytes) throws Refused {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String said = run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "blocksmith-test", folder.toString());
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

    /** Takes all room there is. */
    void fill() {
        for (int chunk : new int[] {1 << 20, 1 << 12, 1}) {
            try (OutputStream out = Files.newOutputStream(
                    filler(), java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
                byte[] zeros = new byte[chunk];
                while (true) {
                    out.write(zeros);
                }
            } catch (IOException full) {
                // Smaller pieces fill the rest.
                continue;
            }
        }
    }

    /** Gives the room back. */
    void free() {
        try {
            Files.delete(filler());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
        readOnly.ifPresent(folder -> run("umount", "-l", folder.toString()));
        run("umount", "-l", mount.toString());
    }

    @Override
    public void close() {
        unmountAll();
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}
