package io.blocksmith.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/**
 * In a node: where it can be held. Everything it does that matters is told here as one line of text, such as {@code put
 * before blocks/001/attempt-1/block.safetensors}. The first node that passes a line which matches the armed pattern
 * leaves its process id in a file and is held until it is released or killed. All that is shared with the test is a
 * folder.
 */
public final class FaultGate {
    static final String ARMED = "armed";
    static final String REACHED = "reached-";
    static final String RELEASED = "released-";
    /** Begins an id by which every node is held, and not only the first. */
    static final String EACH = "each-";

    private static final Duration LOOK = Duration.ofMillis(10);

    private final Path folder;

    public FaultGate(Path folder) {
        this.folder = folder;
    }

    /** The node is about to do, or has just done, what {@code point} says. */
    void pass(String point) {
        pass(point, () -> false);
    }

    /** The same; whoever is held goes on by itself once {@code cancelled} says so. */
    void pass(String point, BooleanSupplier cancelled) {
        String armed = armed();
        int end = armed.indexOf('\n');
        if (end < 0
                || !Pattern.compile(armed.substring(end + 1), Pattern.DOTALL)
                        .matcher(point)
                        .matches()) {
            return;
        }
        String id = armed.substring(0, end);
        if (claim(id, point)) {
            while (!Files.exists(folder.resolve(RELEASED + id)) && !cancelled.getAsBoolean()) {
                LockSupport.parkNanos(LOOK.toNanos());
            }
        }
    }

    private String armed() {
        try {
            return Files.readString(folder.resolve(ARMED));
        } catch (NoSuchFileException nothing) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean claim(String id, String point) {
        String process = "%d %s".formatted(ProcessHandle.current().pid(), point);
        try {
            Path written = Files.createTempFile(folder, "claim", "");
            Files.writeString(written, process, StandardOpenOption.WRITE);
            String claimed =
                    id.startsWith(EACH) ? id + "-" + ProcessHandle.current().pid() : id;
            Files.createLink(folder.resolve(REACHED + claimed), written);
            return true;
        } catch (FileAlreadyExistsException another) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
