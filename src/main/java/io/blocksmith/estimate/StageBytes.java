package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.Recipe;

/**
 * Sizes of what stages write, in bytes, without headers but those of hidden states. n weights and R groups a block, L
 * blocks, T trained numbers of E2E-QP.
 *
 * @param stream one stream of the hidden states of all calibration windows
 * @param block a trained block: codes, step sizes (4R) and zero points (R), biases and norm gains (4 each)
 * @param latent the weights behind a block's codes, 4n, which a repair pass starts from; 0 without one
 * @param blockCheckpoint weights, scales and norm gains, moments, best state as {@link BlockApMemory} has them
 * @param scales step sizes and zero points of all blocks after E2E-QP, 5RL
 * @param endToEndCheckpoint trained numbers, two moments, and with keep-best the best state: 12T or 16T
 * @param gradientShard 4T
 */
public record StageBytes(
        long stream,
        long block,
        long latent,
        long blockCheckpoint,
        long scales,
        long endToEndCheckpoint,
        long gradientShard) {

    public static StageBytes of(LlamaConfig config, Recipe recipe) {
        return of(config, recipe, BlockApMemory.of(config, recipe));
    }

    static StageBytes of(LlamaConfig config, Recipe recipe, BlockApMemory blockAp) {
        BlockCounts counts = BlockCounts.of(config, recipe.quantization());
        long trained = EndToEndMemory.trained(recipe, config.blocks() * counts.groups());
        return new StageBytes(
                DiskSpace.layout(config.hidden(), recipe).diskBytes(),
                counts.codeBytes() + 5 * counts.groups() + 4 * (counts.biases() + counts.norms()),
                RunEstimate.repaired(recipe) ? 4 * counts.weights() : 0,
                4 * (counts.weights() + counts.norms()) + blockAp.scales() + blockAp.moments() + blockAp.best(),
                5 * counts.groups() * config.blocks(),
                trained * (recipe.endToEnd().keepBest() ? 16 : 12),
                4 * trained);
    }
}
