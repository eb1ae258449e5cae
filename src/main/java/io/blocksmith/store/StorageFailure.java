package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Turns what the file system says into a categorised failure. */
public final class StorageFailure {
    /** ENOSPC, EDQUOT, EFBIG. */
    private static final List<String> FULL = List.of("no space left", "quota exceeded", "file too large");
    /** EROFS, EIO, ESTALE, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENOTCONN, EREMOTEIO, ENXIO, ENODEV, ESHUTDOWN. */
    private static final List<String> UNAVAILABLE = List.of(
            "read-only file system",
            "input/output error",
            "stale file handle",
            "timed out",
            "host is down",
            "no route to host",
            "not connected",
            "remote i/o error",
            "no such device",
            "endpoint shutdown");

    private StorageFailure() {}

    /**
     * The failure to throw.
     *
     * @param what the deed in the infinitive, e.g. {@code write}
     */
    public static BlocksmithException of(IOException failure, String what, Path path) {
        String reason = failure instanceof FileSystemException named && named.getReason() != null
                ? named.getReason()
                : String.valueOf(failure.getMessage());
        Optional<Category> storage = category(failure);
        if (storage.equals(Optional.of(Category.STORE_FULL))) {
            return new BlocksmithException(
                    Category.STORE_FULL,
                    "cannot %s %s: no room is left (%s); free some".formatted(what, path, reason),
                    failure);
        }
        if (storage.isPresent()) {
            return new BlocksmithException(
                    storage.get(),
                    "cannot %s %s: its file system fails (%s); look at its mount and its disk"
                            .formatted(what, path, reason),
                    failure);
        }
        if (failure instanceof AccessDeniedException) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: it may not be written or read by this user (%s)", what, path, reason);
        }
        if (failure instanceof NoSuchFileException) {
            return BlocksmithException.environment(failure, "cannot %s %s: there is no such file", what, path);
        }
        return BlocksmithException.transientFault(failure, "cannot %s %s: %s", what, path, reason);
    }

    /** STORE_FULL or STORE_UNAVAILABLE, when a failed read or write behind {@code failure} was for such a reason. */
    public static Optional<Category> category(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException) {
                // The Java runtime hands on the C library's words, and no error number.
                String lower = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
                if (FULL.stream().anyMatch(lower::contains)) {
                    return Optional.of(Category.STORE_FULL);
                }
                if (UNAVAILABLE.stream().anyMatch(lower::contains)) {
                    return Optional.of(Category.STORE_UNAVAILABLE);
                }
            }
        }
        return Optional.empty();
    }

    /** An object that was to be read is not there. */
    static BlocksmithException missing(String where) {
        return BlocksmithException.environment(null, "cannot read %s: there is no such file", where);
    }
}
