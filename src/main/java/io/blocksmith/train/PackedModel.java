package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import io.blocksmith.llama.BlockWeights;
import io.blocksmith.llama.DecoderBlock;
import io.blocksmith.llama.Linear;
import io.blocksmith.llama.LlamaWeights;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.packed.PackedBlock;
import io.blocksmith.quant.PackedWeight;
import io.blocksmith.quant.Packer;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.tensor.Copy;
import io.blocksmith.tensor.Gradients;
import io.blocksmith.tensor.NativeHeap;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

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
                try (NDScope _ = new NDScope()) {
                    Copy.into(decoder.forward(x, block.unpack(packer)), x);
                }
                NativeHeap.trim();
            }
            return head.loss(positions(x), OutputHead.targets(windows, manager));
        }
    }

    /**
     * Gradients by the step size and zero point of each linear, in the order of {@link #linears()}; what is not trained has
     * none, and an empty list.
     *
     * <p>They are made once and added to: arrays that stay, born between the large ones that come and go with each block,
     * would leave the C heap full of holes.
     */
    public record Gradient(List<NDArray> stepSizes, List<NDArray> zeroPoints) {
        /** Sets every number to 0. */
        public void clear() {
            stepSizes.forEach(array -> array.subi(array));
            zeroPoints.forEach(array -> array.subi(array));
        }
    }

    /** A gradient of zeros by what is {@code trained}, owned by {@code owner}. */
    public Gradient newGradient(EndToEnd.Trained trained, NDManager owner) {
        return new Gradient(
                trained.stepSizes() ? zeros(PackedWeight::stepSize, owner) : List.of(),
                trained.zeroPoints() ? zeros(PackedWeight::zeroPoint, owner) : List.of());
    }

    private List<NDArray> zeros(Function<PackedWeight, NDArray> like, NDManager owner) {
        return linears().stream()
                .map(linear -> {
                    NDArray zeros = owner.zeros(like.apply(linear).getShape());
                    NDScope.unregister(zeros);
                    return zeros;
                })
                .toList();
    }

    /**
     * Adds the gradients of {@code scale * loss} to {@code gradient}.
     *
     * @return the unscaled loss, as {@link #loss}
     */
    public double addGradient(int[][] windows, double scale, Gradient gradient) {
        try (NDScope _ = new NDScope()) {
            NDArray embedded = embedding.embed(windows, manager);
            List<NDArray> inputs = new ArrayList<>();
            inputs.add(embedded);
            for (int i = 0; i < blocks.size(); i++) {
                inputs.add(manager.create(embedded.getShape()));
            }
            for (int i = 0; i < blocks.size(); i++) {
                try (NDScope _ = new NDScope()) {
                    NDArray y = decoder.forward(inputs.get(i), blocks.get(i).unpack(packer));
                    Copy.into(y, inputs.get(i + 1));
                }
            }
            // The last hidden states give their place to the gradient that walks back.
            NDArray upstream = inputs.getLast();
            double loss;
            try (NDScope _ = new NDScope()) {
                OutputHead.LossGradient last =
                        head.lossAndGradient(positions(upstream), OutputHead.targets(windows, manager), scale);
                loss = last.loss();
                Copy.into(last.hidden().reshape(upstream.getShape()), upstream);
            }
            for (int i = blocks.size() - 1; i >= 0; i--) {
                NativeHeap.trim();
                int first = i * Linear.values().length;
                backward(blocks.get(i), inputs.get(i), upstream, first, gradient);
            }
            return loss;
        }
    }

    /** Adds a block's gradients from its linear number {@code first} on, and replaces {@code upstream} by that of x. */
    private void backward(PackedBlock block, NDArray x, NDArray upstream, int first, Gradient gradient) {
        try (NDScope _ = new NDScope()) {
            BlockWeights weights = block.unpack(packer);
            weights.linears().forEach(Gradients::leaf);
            NDArray input = Gradients.leaf(x.stopGradient());
            NDArray y = Gradients.record(() -> decoder.forward(input, weights));
            Gradients.backward(y, upstream);
            for (int i = 0; i < weights.linears().size(); i++) {
                NDArray unpacked = weights.linears().get(i);
                NDList part = packer.gradients(block.linears().get(i), unpacked.getGradient(), unpacked.stopGradient());
                add(part.get(0), gradient.stepSizes(), first + i);
                add(part.get(1), gradient.zeroPoints(), first + i);
            }
            Copy.into(input.getGradient(), upstream);
        }
    }

    /** Adds {@code part} to gradient number {@code index} of {@code gradients}, unless nothing of its kind is trained. */
    private static void add(NDArray part, List<NDArray> gradients, int index) {
        if (!gradients.isEmpty()) {
            gradients.get(index).addi(part);
        }
    }

    /** Hidden states [n, T, H] as [n * T, H]. */
    private static NDArray positions(NDArray x) {
        return x.reshape(-1, x.getShape().get(2));
    }
}
