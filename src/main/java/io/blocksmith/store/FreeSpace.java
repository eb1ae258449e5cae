package io.blocksmith.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Room on a file system. */
final class FreeSpace {
    private FreeSpace() {}

    /** Bytes that this user may still write below {@code folder}, which need not exist yet. */
    static long of(Path folder) {
        Path existing = folder;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        try {
            return Files.getFileStore(existing).getUsableSpace();
        } catch (IOException failure) {
            throw StorageFailure.of(failure, "look at", existing);
        }
    }
}
