package io.blocksmith.estimate;

import io.blocksmith.data.ActivationLayout;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Recipe;

/**
 * What a run folder takes at its largest, in bytes; reports, curves and the ledger are small beside it. N segments, L
 * blocks.
 *
 * @param stream one stream of hidden states before one block, headers included
 * @param boundaries streams at once: both that entered the block of each segment (2N), and both that a worker writes (2 a
 *     worker, at most N of them); 4 with one segment. The embeddings stay for a repair pass: one more
 * @param checkpoints of the blocks in training, three a segment that a worker is at: weights, scales and norm gains,
 *     moments, best state as {@link BlockApMemory} has them
 * @param blocks trained blocks: codes, step sizes (4) and zero points (1), biases and norm gains (4); twice, and 4 a
 *     weight, when a repair pass trains on; step sizes and zero points once more after E2E-QP
 * @param exports the model folders that the recipe asks for
 * @param evaluation hidden states of the evaluated windows before and after a block, float32
 * @param tokens ids of the calibration windows, 4 each; a longer text takes more
 */
public record DiskSpace(
        long stream, long boundaries, long checkpoints, long blocks, long exports, long evaluation, long tokens) {
    /** Two are kept while a third is written. */
    private static final long CHECKPOINTS = 3;

    static DiskSpace of(LlamaConfig config, Recipe recipe, ModelSizes sizes, BlockApMemory blockAp, int workers) {
        StageBytes bytes = StageBytes.of(config, recipe, blockAp);
        boolean repaired = RunEstimate.repaired(recipe);
        int segments = recipe.blockAp().segments();
        long streams = 2L * segments + 2L * Math.min(workers, segments) + (repaired ? 1 : 0);
        long perBlock = (repaired ? 2 : 1) * bytes.block() + bytes.latent();
        long exports = 0;
        for (ExportFormat format : recipe.exports()) {
            exports += switch (format) {
                case GPTQ -> sizes.gptq();
                case DEQUANTIZED -> sizes.dequantized();
            };
        }
        Calibration calibration = recipe.calibration();
        long windows = (long) calibration.trainSamples() + calibration.validationSamples();
        long endToEndWindows =
                (long) recipe.endToEnd().samples() + recipe.endToEnd().validationSamples();
        long tokens = Math.max(
                windows * calibration.sequenceLength(),
                endToEndWindows * recipe.endToEnd().sequenceLength());
        return new DiskSpace(
                bytes.stream(),
                streams * bytes.stream(),
                Math.min(workers, segments) * CHECKPOINTS * bytes.blockCheckpoint(),
                config.blocks() * perBlock + bytes.scales(),
                exports,
                8 * Work.evaluatedTokens(recipe) * config.hidden(),
                4 * tokens);
    }

    /** Hidden states of all calibration windows, as the block stages write them. */
    static ActivationLayout layout(int hidden, Recipe recipe) {
        Calibration calibration = recipe.calibration();
        return new ActivationLayout(
                calibration.activations(),
                Math.addExact(calibration.trainSamples(), calibration.validationSamples()),
                calibration.sequenceLength(),
                hidden);
    }

    /** The peak: hidden states and checkpoints of blocks are gone when exports and evaluations come. */
    public long total() {
        return tokens + blocks + Math.max(boundaries + checkpoints, exports + evaluation);
    }
}
