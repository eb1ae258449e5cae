package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Turns what the file system says into a categorised failure. */
final class StorageFailure {
    private StorageFailure() {}

    /**
     * The failure to throw.
     *
     * @param what the deed in the infinitive, e.g. {@code write}
     */
    static BlocksmithException of(IOException failure, String what, Path path) {
        String reason = failure instanceof FileSystemException named && named.getReason() != null
                ? named.getReason()
                : String.valueOf(failure.getMessage());
        String lower = reason.toLowerCase(Locale.ROOT);
        if (lower.contains("no space left") || lower.contains("quota exceeded")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: no room is left (%s); free some, then start again", what, path, reason);
        }
        if (failure instanceof AccessDeniedException || lower.contains("read-only")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: it may not be written or read by this user (%s)", what, path, reason);
        }
        if (failure instanceof NoSuchFileException) {
            return BlocksmithException.environment(failure, "cannot %s %s: there is no such file", what, path);
        }
        return BlocksmithException.transientFault(failure, "cannot %s %s: %s", what, path, reason);
    }
}
