package io.blocksmith.boundary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.ActivationPart;
import io.blocksmith.data.Windows;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.tensor.NativeHeap;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** One stream of hidden states before a block, as files: samples [count, T, H] in order. */
public sealed interface Boundary permits FolderBoundary, SealedBoundary {

    /** The files, in the order of their samples. */
    List<ActivationPart> parts();

    /** Samples of all parts together. */
    int samples();

    /** For people. */
    String name();

    /** Told after each batch, on the device thread; throwing ends the pass. */
    @FunctionalInterface
    interface PassListener {
        void passed(int samples, int ofSamples);

        /** The next batch is asked for, which may take as long as reading it does. */
        default void awaiting() {}

        /** It is here. */
        default void received() {}
    }

    /** Shape and number format of the whole stream, as it would be when written anew. */
    default ActivationLayout layout() {
        ActivationLayout first = parts().getFirst().layout();
        return new ActivationLayout(first.numbers(), samples(), first.sequenceLength(), first.hiddenSize());
    }

    /** Opens the samples {@code [from, to)} in batches of {@code batch}. */
    default BoundaryReader read(int batch, int from, int to, NDManager manager) {
        return new BoundaryReader(this, batch, from, to, manager);
    }

    /** Opens all samples. */
    default BoundaryReader read(int batch, NDManager manager) {
        return read(batch, 0, samples(), manager);
    }

    /** Writes the embeddings of {@code windows}, one split after the other, as a new boundary in {@code directory}. */
    static FolderBoundary embed(
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
    default FolderBoundary through(
            DecoderBlock block,
            BlockWeights weights,
            Path target,
            int batch,
            NDManager manager,
            PassListener listener) {
        ActivationLayout layout = layout();
        try (BoundaryReader reader = read(batch, manager);
                BoundaryWriter writer = new BoundaryWriter(target, layout)) {
            int done = 0;
            while (true) {
                try (NDScope _ = new NDScope()) {
                    listener.awaiting();
                    Optional<NDArray> x = reader.next();
                    listener.received();
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
}
