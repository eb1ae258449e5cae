package io.blocksmith.cli;

import io.blocksmith.estimate.RunEstimate;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Refuses a run that its disk cannot hold, before any work. */
final class DiskRoom {
    private DiskRoom() {}

    /** What the folder holds already counts as room, because a resumed run needs the rest only. */
    static void require(Path folder, RunEstimate estimate) {
        Path existing = folder;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            long held = Files.isDirectory(folder) ? size(folder) : 0;
            long needed = estimate.disk().total();
            if (free + held < needed) {
                throw BlocksmithException.environment(
                        null,
                        "%s: %s needed at most, %s free. The largest part is hidden states: lower "
                                + "calibration.train-samples, or set calibration.activations = float16",
                        folder,
                        Text.bytes((double) needed),
                        Text.bytes((double) free));
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: free space cannot be read: %s", existing, Reason.of(e));
        }
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile)
                    .mapToLong(path -> path.toFile().length())
                    .sum();
        }
    }
}
