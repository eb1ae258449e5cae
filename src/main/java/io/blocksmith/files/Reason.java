package io.blocksmith.files;

import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Why something failed, in one line with the operating system's own words. Many of Java's exceptions say a path only, or
 * leave the reason to their causes.
 */
public final class Reason {
    private static final int DEEPEST = 10;

    private Reason() {}

    /** The words of {@code failure} and of its causes, outermost first, without repetitions. */
    public static String of(Throwable failure) {
        List<String> words = new ArrayList<>();
        Throwable at = failure;
        for (int depth = 0; at != null && depth < DEEPEST; depth++, at = at.getCause()) {
            String said = words(at);
            if (!said.isEmpty() && words.stream().noneMatch(before -> before.contains(said))) {
                words.add(said);
            }
        }
        return words.isEmpty() ? failure.getClass().getSimpleName() : String.join(": ", words);
    }

    private static String words(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException missing -> at(missing, "no such file or folder");
            case AccessDeniedException denied -> at(denied, "permission denied");
            case FileAlreadyExistsException there -> at(there, "exists already");
            case DirectoryNotEmptyException full -> at(full, "folder is not empty");
            case NotDirectoryException file -> at(file, "is no folder");
            case FileSystemLoopException loop -> at(loop, "leads to itself");
            case FileSystemException other when other.getReason() != null -> at(other, other.getReason());
            // These say what their causes say.
            case UncheckedIOException _ -> "";
            case ExecutionException _ -> "";
            case CompletionException _ -> "";
            case ExceptionInInitializerError _ -> "";
            default -> firstLine(failure);
        };
    }

    private static String at(FileSystemException failure, String reason) {
        return failure.getFile() == null ? reason : "%s (%s)".formatted(reason, failure.getFile());
    }

    private static String firstLine(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.strip().lines().findFirst().orElseThrow();
    }
}
