package io.blocksmith;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Real models and texts that lie beside a checkout and are not part of the repository. */
public final class SharedData {
    private SharedData() {}

    /** The folder; the calling test is skipped, and says so, where it does not exist. */
    public static Path folder() {
        Path folder = Path.of(System.getProperty("blocksmith.shared.data", "../shared/data"));
        if (!Files.isDirectory(folder)) {
            System.out.println(
                    "SKIPPED: no shared data at " + folder.toAbsolutePath().normalize());
        }
        Assumptions.assumeTrue(Files.isDirectory(folder), "no shared data at " + folder);
        return folder;
    }
}
