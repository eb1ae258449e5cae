package io.blocksmith.boundary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.Windows;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.tensor.NativeHeap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One stream of hidden states before a block, as files.
 *
 * @param directory holds the shards
 * @param layout samples [count, T, H] in order
 */
public record Boundary(Path directory, ActivationLayout layout) {

    /** Told after each batch, on the device thread; throwing ends the pass. */
    @FunctionalInterface
    public interface PassListener {
        void passed(int samples, int ofSamples);
    }

    /** Opens the samples {@code [from, to)} in batches of {@code batch}. */
    public BoundaryReader read(int batch, int from, int to, NDManager manager) {
        return new BoundaryReader(this, batch, from, to, manager);
    }

    /** Opens all samples. */
    public BoundaryReader read(int batch, NDManager manager) {
        return read(batch, 0, layout.samples(), manager);
    }

    /** Writes the embeddings of {@code windows}, one split after the other, as a new boundary in {@code directory}. */
    public static Boundary embed(
            LlamaWeights weights,
            List<Windows> windows,
            Path directory,
            ActivationLayout layout,
            int batch,
            NDManager manager,
            PassListener listener) {
        try (BoundaryWriter writer = new BoundaryWriter(directory, layout)) {
            int done = 0;
            for (Windows split : windows) {
                for (int first = 0; first < split.count(); first += batch) {
                    int[][] tokens = split.tokens(first, Math.min(first + batch, split.count()));
                    try (NDScope _ = new NDScope()) {
                        writer.append(weights.embed(tokens, manager));
                    }
                    done += tokens.length;
                    listener.passed(done, layout.samples());
                }
            }
            return writer.finish();
        }
    }

    /** Writes what {@code block} makes of every sample as a new boundary in {@code target}. */
    public Boundary through(
            DecoderBlock block,
            BlockWeights weights,
            Path target,
            int batch,
            NDManager manager,
            PassListener listener) {
        try (BoundaryReader reader = read(batch, manager);
                BoundaryWriter writer = new BoundaryWriter(target, layout)) {
            int done = 0;
            while (true) {
                try (NDScope _ = new NDScope()) {
                    Optional<NDArray> x = reader.next();
                    if (x.isEmpty()) {
                        return writer.finish();
                    }
                    writer.append(block.forward(x.get(), weights));
                    done += (int) x.get().getShape().get(0);
                    listener.passed(done, layout.samples());
                }
                NativeHeap.trim();
            }
        }
    }

    /** Deletes the shards and their folder. */
    public void delete() {
        try (Stream<Path> shards = Files.list(directory)) {
            for (Path shard : shards.toList()) {
                Files.delete(shard);
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be deleted: %s", directory, e.getMessage());
        }
    }
}
