package io.blocksmith.boundary;

import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.ActivationPart;
import io.blocksmith.data.ShardFiles;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A boundary in a local folder, where it was written.
 *
 * @param directory holds the shards
 */
public record FolderBoundary(Path directory, ActivationLayout layout) implements Boundary {
    @Override
    public List<ActivationPart> parts() {
        return List.of(new ActivationPart(layout, ShardFiles.in(directory)));
    }

    @Override
    public int samples() {
        return layout.samples();
    }

    @Override
    public String name() {
        return directory.toString();
    }

    /** Deletes the shards and their folder. */
    public void delete() {
        try (Stream<Path> shards = Files.list(directory)) {
            for (Path shard : shards.toList()) {
                Files.delete(shard);
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be deleted: %s", directory, Reason.of(e));
        }
    }
}
