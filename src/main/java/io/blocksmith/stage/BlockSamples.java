package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.BoundaryReader;
import io.blocksmith.train.BlockBatches;
import java.util.Optional;

/**
 * The samples {@code [from, to)} of a block's training: inputs from one boundary, targets from another, read side by side; tells how
 * long each batch was waited for.
 */
record BlockSamples(Boundary inputs, Boundary targets, int from, int to, NDManager manager, AttemptProgress progress)
        implements BlockBatches.Source {
    @Override
    public long samples() {
        return (long) to - from;
    }

    @Override
    public BlockBatches open(int batchSize, long first) {
        int start = Math.toIntExact(from + first);
        BoundaryReader input = inputs.read(batchSize, start, to, manager);
        BoundaryReader target = targets.read(batchSize, start, to, manager);
        return new BlockBatches() {
            @Override
            public Optional<Batch> next() {
                long before = progress.nanoTime().getAsLong();
                Optional<NDArray> x = input.next();
                Optional<NDArray> y = target.next();
                progress.waitedForData(progress.nanoTime().getAsLong() - before);
                return x.isEmpty() ? Optional.empty() : Optional.of(new Batch(x.get(), y.orElseThrow()));
            }

            @Override
            public void close() {
                input.close();
                target.close();
            }
        };
    }
}
