package io.blocksmith.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.stream.Stream;

/** In a test: one armed point of a {@link FaultGate}. There is at most one at a time. */
public final class Fault {
    private final Path folder;
    private final String id;
    private final String pattern;

    private Fault(Path folder, String id, String pattern) {
        this.folder = folder;
        this.id = id;
        this.pattern = pattern;
    }

    /** Holds the first node that passes a point which matches {@code pattern}, from now on. */
    public static Fault arm(Path folder, String pattern) {
        return arm(folder, pattern, UUID.randomUUID().toString());
    }

    /** Holds every node that passes such a point, each at its first. */
    static Fault armEach(Path folder, String pattern) {
        return arm(folder, pattern, FaultGate.EACH + UUID.randomUUID());
    }

    private static Fault arm(Path folder, String pattern, String id) {
        try {
            Path written = Files.createTempFile(folder, "arm", "");
            Files.writeString(written, id + "\n" + pattern);
            Files.move(written, folder.resolve(FaultGate.ARMED), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Fault(folder, id, pattern);
    }

    /** Waits until a node is held; its process id. */
    public long awaitHeld() {
        Waits.until("a node at " + pattern, this::isHeld);
        try {
            String text = Files.readString(folder.resolve(FaultGate.REACHED + id));
            return Long.parseLong(text.substring(0, text.indexOf(' ')));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until {@code nodes} are held by a fault that holds each. */
    void awaitHeld(int nodes) {
        Waits.until("%d nodes at %s".formatted(nodes, pattern), () -> {
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(file -> file.getFileName().toString().startsWith(FaultGate.REACHED + id))
                                .count()
                        == nodes;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Whether a node has come to the point. */
    public boolean isHeld() {
        return Files.exists(folder.resolve(FaultGate.REACHED + id));
    }

    /** Holds no other node; the one that is held stays so. */
    public void disarm() {
        try {
            Files.deleteIfExists(folder.resolve(FaultGate.ARMED));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets the held node go on, if it lives. */
    public void release() {
        try {
            Files.writeString(folder.resolve(FaultGate.RELEASED + id), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
