package io.blocksmith.report;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** {@code report.json} and {@code report.html} in a run folder; a reader finds the old file or the new one, never half. */
public final class ReportFiles {
    public static final String JSON = "report.json";
    public static final String PAGE = "report.html";

    private final Path folder;

    public ReportFiles(Path folder) {
        this.folder = folder;
    }

    /** Writes both files. */
    public void write(ReportData data) {
        replace(folder.resolve(JSON), ReportJson.write(data));
        replace(folder.resolve(PAGE), ReportPage.render(data));
    }

    private static void replace(Path file, String content) {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(content);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s cannot be written: %s", file, Reason.of(e));
        }
    }
}
