package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.tensor.Gradients;
import java.util.ArrayList;
import java.util.List;

/**
 * The whole model with packed codes, and its next-token loss and gradient. One block is unpacked at a time: the forward
 * pass keeps only the input of each block, the backward pass recomputes the block from it.
 */
public final class PackedModel {
    private final List<PackedBlock> blocks;
    private final LlamaWeights embedding;
    private final DecoderBlock decoder;
    private final OutputHead head;
    private final Packer packer;
    private final NDManager manager;

    /** All parts stay the caller's; {@code embedding} is asked for embeddings only. */
    public PackedModel(
            List<PackedBlock> blocks,
            LlamaWeights embedding,
            DecoderBlock decoder,
            OutputHead head,
            Packer packer,
            NDManager manager) {
        this.blocks = List.copyOf(blocks);
        this.embedding = embedding;
        this.decoder = decoder;
        this.head = head;
        this.packer = packer;
        this.manager = manager;
    }

    /** Every packed linear, block by block. */
    public List<PackedWeight> linears() {
        return blocks.stream().flatMap(block -> block.linears().stream()).toList();
    }

    /** Sum of the cross-entropies of all next tokens in {@code windows} [n][T]. */
    public double loss(int[][] windows) {
        try (NDScope _ = new NDScope()) {
            NDArray x = embedding.embed(windows, manager);
            for (PackedBlock block : blocks) {
                x = forward(block, x);
            }
            return head.loss(positions(x), OutputHead.targets(windows, manager));
        }
    }

    /**
     * Loss and gradients of {@code scale * loss} by step sizes and zero points.
     *
     * @return the unscaled loss, and one gradient per linear in the order of {@link #linears()}; the caller closes them
     */
    public Gradient gradient(int[][] windows, double scale) {
        List<NDArray> inputs = new ArrayList<>();
        try (NDScope _ = new NDScope()) {
            NDArray x = embedding.embed(windows, manager);
            for (PackedBlock block : blocks) {
                inputs.add(x);
                x = forward(block, x);
            }
            OutputHead.LossGradient last =
                    head.lossAndGradient(positions(x), OutputHead.targets(windows, manager), scale);
            NDArray upstream = last.hidden().reshape(x.getShape());
            last.hidden().close();
            List<NDArray> stepSizes = new ArrayList<>();
            List<NDArray> zeroPoints = new ArrayList<>();
            for (int i = blocks.size() - 1; i >= 0; i--) {
                BlockGradient gradient = backward(blocks.get(i), inputs.get(i), upstream);
                stepSizes.addAll(0, gradient.stepSizes());
                zeroPoints.addAll(0, gradient.zeroPoints());
                upstream.close();
                upstream = gradient.input();
                inputs.get(i).close();
            }
            upstream.close();
            return new Gradient(last.loss(), stepSizes, zeroPoints);
        }
    }

    /** Gradients of a batch, or of a shard of it. */
    public record Gradient(double loss, List<NDArray> stepSizes, List<NDArray> zeroPoints) implements AutoCloseable {
        @Override
        public void close() {
            stepSizes.forEach(NDArray::close);
            zeroPoints.forEach(NDArray::close);
        }
    }

    private record BlockGradient(NDArray input, List<NDArray> stepSizes, List<NDArray> zeroPoints) {}

    /** The block's output, owned by the scope around this call. */
    private NDArray forward(PackedBlock block, NDArray x) {
        try (NDScope _ = new NDScope()) {
            return kept(decoder.forward(x, block.unpack(packer)));
        }
    }

    private BlockGradient backward(PackedBlock block, NDArray x, NDArray upstream) {
        try (NDScope _ = new NDScope()) {
            BlockWeights weights = block.unpack(packer);
            weights.linears().forEach(Gradients::leaf);
            NDArray input = Gradients.leaf(x.stopGradient());
            NDArray y = Gradients.record(() -> decoder.forward(input, weights));
            Gradients.backward(y, upstream);
            List<NDArray> stepSizes = new ArrayList<>();
            List<NDArray> zeroPoints = new ArrayList<>();
            for (int i = 0; i < weights.linears().size(); i++) {
                NDArray unpacked = weights.linears().get(i);
                var gradient =
                        packer.gradients(block.linears().get(i), unpacked.getGradient(), unpacked.stopGradient());
                stepSizes.add(kept(gradient.get(0)));
                zeroPoints.add(kept(gradient.get(1)));
            }
            return new BlockGradient(kept(input.getGradient()), stepSizes, zeroPoints);
        }
    }

    private static NDArray kept(NDArray array) {
        NDScope.unregister(array);
        return array;
    }

    /** Hidden states that have a next token, [n * T, H]; the last position of each window is predicted but not scored. */
    private static NDArray positions(NDArray x) {
        return x.reshape(-1, x.getShape().get(2));
    }
}
