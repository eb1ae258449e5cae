package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.llama.OutputHead;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Recipe;

/**
 * Device memory at the peak of an E2E-QP step, in bytes. L blocks of n weights and R groups, m weights in the largest
 * linear, H hidden, V vocabulary, tokens = windows in the largest gradient shard * sequence.
 *
 * @param packed codes, biases and norm gains of all blocks: L * (n * bits / 8 + 4 * (biases + 2H))
 * @param scales step sizes and zero points, float32: 8RL
 * @param training of each trained number two moments and the best state (with keep-best): 12RL for one kind of number;
 *     and its gradient, summed and of the shard at hand: 8RL
 * @param head output head and last norm, float32: 4 * (V + 1) * H
 * @param kept input of every block, output of the last, upstream gradient and its successor: 4 * (L + 3) * H a token
 * @param block one unpacked block, its gradient, {@link BlockActivations}, and 4m in passing: 8n + activations + 4m; 2n
 *     more in bfloat16
 * @param logits of {@link OutputHead#POSITIONS} positions, their log-softmax and the gradients of both: 4 * 4 * V each;
 *     they come when no block is unpacked
 */
public record EndToEndMemory(long packed, long scales, long training, long head, long kept, long block, long logits) {

    static EndToEndMemory of(LlamaConfig config, Recipe recipe) {
        BlockCounts counts = BlockCounts.of(config, recipe.quantization());
        EndToEnd endToEnd = recipe.endToEnd();
        long blocks = config.blocks();
        long hidden = config.hidden();
        long groups = blocks * counts.groups();
        int shards = Math.min(endToEnd.gradientShards(), endToEnd.batchSize());
        long tokens = (long) Math.ceilDiv(endToEnd.batchSize(), shards) * endToEnd.sequenceLength();
        long positions = Math.min(OutputHead.POSITIONS, tokens);
        return new EndToEndMemory(
                blocks * (counts.codeBytes() + 4 * (counts.biases() + counts.norms())),
                8 * groups,
                trained(recipe, groups) * (8 + (endToEnd.keepBest() ? 4 : 0)) + gradients(endToEnd, groups),
                4 * (config.vocabulary() + 1L) * hidden,
                4 * (blocks + 3) * hidden * tokens,
                8 * counts.weights()
                        + BlockActivations.weightCopies(counts.weights(), recipe.numerics())
                        + BlockActivations.bytes(config, tokens, recipe.numerics())
                        + 4 * counts.largest(),
                16 * positions * config.vocabulary());
    }

    /** Numbers that E2E-QP trains in a model of {@code groups}. */
    static long trained(Recipe recipe, long groups) {
        boolean zeroPoints =
                recipe.endToEnd().train().zeroPoints() && !recipe.quantization().symmetric();
        return (recipe.endToEnd().train().stepSizes() ? groups : 0) + (zeroPoints ? groups : 0);
    }

    /** Both gradients; those of zero points are made in a symmetric grid, too, which does not move them. */
    private static long gradients(EndToEnd endToEnd, long groups) {
        return (endToEnd.train().stepSizes() ? 8 * groups : 0)
                + (endToEnd.train().zeroPoints() ? 8 * groups : 0);
    }

    /** The peak: everything, and the larger of the unpacked block and the logits. */
    public long total() {
        return packed + scales + training + head + kept + Math.max(block, logits);
    }
}
