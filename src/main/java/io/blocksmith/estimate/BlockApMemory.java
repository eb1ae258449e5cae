package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.BlockAp.Trained;
import io.blocksmith.spec.Recipe;

/**
 * Device memory at the peak of a Block-AP step, in bytes. It does not depend on the number of blocks. n weights in the seven
 * linears, R groups, m weights in the largest linear, H hidden, tokens = batch * sequence.
 *
 * @param weights float32 weights, biases and norm gains: 4 * (n + biases + 2H); in a repair pass 4n + codes more, because
 *     the trained weights stand beside the full-precision ones
 * @param scales step sizes and zero points: 8R
 * @param quantized W^: 4n, and 2n for its copy in bfloat16
 * @param gradients by W^, overwritten by those of W, 4n; of step sizes and zero points 8R; of norm gains 8H
 * @param moments two of Adam for each trained number: 8 * (n + 2H + R + R) with everything trained
 * @param best copy of the best state: 4 * (n + 2R + 2H), 0 without keep-best
 * @param bounds of learned rounding: two and two in passing, 16n; else 0
 * @param activations {@link BlockActivations}, and target, difference and its square: 3 * 4 * H a token
 * @param temporaries of the quantizer's gradient on the largest linear: three float32 and a mask, 13m; they come when the
 *     activations are gone
 */
public record BlockApMemory(
        long weights,
        long scales,
        long quantized,
        long gradients,
        long moments,
        long best,
        long bounds,
        long activations,
        long temporaries) {

    static BlockApMemory of(LlamaConfig config, Recipe recipe) {
        BlockCounts counts = BlockCounts.of(config, recipe.quantization());
        BlockAp blockAp = recipe.blockAp();
        Trained train = blockAp.train();
        long n = counts.weights();
        long groups = counts.groups();
        boolean zeroPoints = train.zeroPoints() && !recipe.quantization().symmetric();
        long trained = (train.weights() ? n : 0)
                + (train.norms() ? counts.norms() : 0)
                + (train.stepSizes() ? groups : 0)
                + (zeroPoints ? groups : 0);
        long tokens = (long) blockAp.batchSize() * recipe.calibration().sequenceLength();
        return new BlockApMemory(
                4 * (n + counts.biases() + counts.norms())
                        + (RunEstimate.repaired(recipe) ? 4 * n + counts.codeBytes() : 0),
                8 * groups,
                4 * n + BlockActivations.weightCopies(n, recipe.numerics()),
                4 * n + 8 * groups + (train.norms() ? 4 * counts.norms() : 0),
                8 * trained,
                blockAp.keepBest() ? 4 * (n + 2 * groups + counts.norms()) : 0,
                train == Trained.ROUNDING ? 16 * n : 0,
                BlockActivations.bytes(config, tokens, recipe.numerics()) + 12L * config.hidden() * tokens,
                13 * counts.largest());
    }

    /** The peak: everything, and the larger of activations and temporaries. */
    public long total() {
        return weights + scales + quantized + gradients + moments + best + bounds + Math.max(activations, temporaries);
    }
}
