package io.blocksmith.eval;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import io.blocksmith.boundary.Boundary;
import io.blocksmith.boundary.BoundaryReader;
import io.blocksmith.boundary.FolderBoundary;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.Windows;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.llama.RotaryTable;
import io.blocksmith.llama.ScriptedBlock;
import io.blocksmith.spec.Calibration.Activations;
import io.blocksmith.tensor.Fill;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Runs windows of tokens through a model, block after block. Windows do not overlap, and a window of L tokens predicts its
 * last L - 1 (the convention of the GPTQ line of papers).
 */
public final class Evaluator {
    /** Tokens that pass a block together: enough to fill the device, few enough to weigh less than a block. */
    private static final int TOKENS_AT_ONCE = 4096;

    private final LlamaWeights weights;
    private final boolean bfloat16;
    private final Path scratch;
    private final NDManager manager;

    /**
     * Makes an evaluator.
     *
     * @param scratch an empty folder for hidden states, about {@code 8 * windows * context * hidden} bytes; emptied again
     */
    public Evaluator(LlamaWeights weights, boolean bfloat16, Path scratch, NDManager manager) {
        this.weights = weights;
        this.bfloat16 = bfloat16;
        this.scratch = scratch;
        this.manager = manager;
    }

    /**
     * A measured perplexity.
     *
     * @param loss mean cross-entropy in nats per predicted token
     * @param tokens predicted tokens
     * @param context tokens in a window; figures of other contexts do not compare
     */
    public record Perplexity(double perplexity, double loss, long tokens, int context, int windows) {}

    /** Told after each batch of a block, on the device thread; throwing ends the evaluation. */
    @FunctionalInterface
    public interface Listener {
        void passed(int block, int ofBlocks, int samples, int ofSamples);
    }

    /** Perplexity over {@code windows}. */
    public Perplexity perplexity(Windows windows, Listener listener) {
        try (NDManager own = manager.newSubManager()) {
            FolderBoundary last = throughBlocks(windows, own, listener);
            double total = 0;
            int batch = batch(windows.length());
            try (NDScope _ = new NDScope();
                    OutputHead head = OutputHead.of(weights, own);
                    BoundaryReader reader = last.read(batch, own)) {
                for (int first = 0; first < windows.count(); first += batch) {
                    try (NDScope _ = new NDScope()) {
                        NDArray x = reader.next().orElseThrow();
                        int[][] tokens = windows.tokens(first, Math.min(first + batch, windows.count()));
                        NDArray positions = x.reshape(-1, x.getShape().get(2));
                        total += head.loss(positions, OutputHead.targets(tokens, own));
                    }
                }
            }
            last.delete();
            long tokens = (long) windows.count() * (windows.length() - 1);
            double loss = total / tokens;
            if (!Double.isFinite(loss)) {
                throw notFinite("the loss over %d windows of %d tokens is %s"
                        .formatted(windows.count(), windows.length(), loss));
            }
            return new Perplexity(Math.exp(loss), loss, tokens, windows.length(), windows.count());
        }
    }

    private static BlocksmithException notFinite(String what) {
        return new BlocksmithException(
                Category.NOT_FINITE,
                "evaluation: %s; expected finite numbers: a weight is none, or hidden states overflow".formatted(what),
                null);
    }

    /** Writes the logits of the only window of {@code window}, [T, V] raw little-endian float32, to {@code target}. */
    public void logits(Windows window, Path target) {
        try (NDManager own = manager.newSubManager()) {
            FolderBoundary last = throughBlocks(window, own, (_, _, _, _) -> {});
            try (NDScope _ = new NDScope();
                    OutputHead head = OutputHead.of(weights, own);
                    BoundaryReader reader = last.read(1, own);
                    FileChannel file = FileChannel.open(
                            target,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                NDArray x = reader.next().orElseThrow().get(0);
                for (long first = 0; first < window.length(); first += 64) {
                    try (NDScope _ = new NDScope()) {
                        NDIndex some = new NDIndex().addSliceDim(first, Math.min(window.length(), first + 64));
                        NDArray logits = head.logits(x.get(some));
                        if (!Float.isFinite(logits.sum().getFloat())) {
                            throw notFinite("a logit of positions %d on is no number".formatted(first));
                        }
                        Fill.read(logits, (_, _, data) -> write(file, data.asByteBuffer(), target));
                    }
                }
            } catch (IOException e) {
                throw BlocksmithException.environment(e, "%s: cannot be written: %s", target, Reason.of(e));
            }
            last.delete();
        }
    }

    private static void write(FileChannel file, ByteBuffer data, Path target) {
        try {
            while (data.hasRemaining()) {
                file.write(data);
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", target, Reason.of(e));
        }
    }

    /** The hidden states after the last block. */
    private FolderBoundary throughBlocks(Windows windows, NDManager own, Listener listener) {
        int blocks = weights.config().blocks();
        int batch = batch(windows.length());
        ActivationLayout layout = new ActivationLayout(
                Activations.FLOAT32,
                windows.count(),
                windows.length(),
                weights.config().hidden());
        RotaryTable rotary = RotaryTable.of(weights.config(), windows.length(), own);
        FolderBoundary now =
                Boundary.embed(weights, List.of(windows), scratch.resolve("0"), layout, batch, own, (_, _) -> {});
        try (ScriptedBlock decoder = ScriptedBlock.compile(weights.config(), rotary, bfloat16, own)) {
            for (int i = 0; i < blocks; i++) {
                int block = i;
                try (NDManager blockManager = own.newSubManager()) {
                    FolderBoundary next = now.through(
                            decoder,
                            weights.block(block, blockManager),
                            scratch.resolve(Integer.toString(block + 1)),
                            batch,
                            own,
                            (done, of) -> listener.passed(block, blocks, done, of));
                    now.delete();
                    now = next;
                }
            }
        }
        return now;
    }

    private static int batch(int length) {
        return Math.max(1, TOKENS_AT_ONCE / length);
    }
}
