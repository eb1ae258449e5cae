package io.blocksmith.estimate;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.spec.Recipe;

/**
 * What a run will need. Byte counts are whole numbers by the formulas of each part: what is alive at the peak. Resident memory of
 * Block-AP above the engine was within 8 % of them on a CPU (shapes of SmolLM2-135M at 2 x 512 and 2 x 2048 tokens and of
 * TinyLlama at 2 x 512) when freed arrays went back to the system at once. What E2E-QP holds for each block was within 6 %
 * of them between steps and within 2 % when a backward pass begins (96 blocks of hidden size 256).
 *
 * @param sizes the model before and after
 * @param blockAp device memory in Block-AP
 * @param endToEnd device memory in E2E-QP
 * @param host memory of the process besides
 * @param disk the run folder at its largest
 * @param work floating-point operations
 */
public record RunEstimate(
        ModelSizes sizes, BlockApMemory blockAp, EndToEndMemory endToEnd, HostMemory host, DiskSpace disk, Work work) {

    /** The estimate for one worker. */
    public static RunEstimate of(LlamaConfig config, long checkpointBytes, TensorType stored, Recipe recipe) {
        return of(config, checkpointBytes, stored, recipe, 1);
    }

    /**
     * The estimate of a run.
     *
     * @param checkpointBytes of the full-precision checkpoint
     * @param stored number format of its embedding, which the dequantized export follows
     * @param workers devices that train segments at the same time
     * @throws BlocksmithException USER, when the recipe's group size or segments do not fit the model
     */
    public static RunEstimate of(
            LlamaConfig config, long checkpointBytes, TensorType stored, Recipe recipe, int workers) {
        int segments = recipe.blockAp().segments();
        if (segments > config.blocks()) {
            throw BlocksmithException.user(
                    "block-ap.segments = %d: the model has %d blocks; choose 1 to %d",
                    segments, config.blocks(), config.blocks());
        }
        ModelSizes sizes = ModelSizes.of(config, checkpointBytes, stored, recipe.quantization());
        BlockApMemory blockAp = BlockApMemory.of(config, recipe);
        return new RunEstimate(
                sizes,
                blockAp,
                EndToEndMemory.of(config, recipe),
                HostMemory.of(config.hidden(), recipe),
                DiskSpace.of(config, recipe, sizes, blockAp, workers),
                Work.of(config, recipe));
    }

    /** The largest device memory of any phase, bytes. */
    public long deviceBytes() {
        return Math.max(blockAp.total(), endToEnd.total());
    }

    /**
     * Memory of the whole process where the device is the CPU, bytes. glibc's allocator keeps freed arrays of up to 32 MB:
     * 1.3 to 1.6 times the device memory was resident in the same measurements, so 1.6 is counted.
     */
    public long processBytesOnCpu() {
        return host.total() + deviceBytes() / 5 * 8;
    }

    /** Hours of arithmetic at a sustained rate on one worker. */
    public double hours(double flopsPerSecond) {
        return work.total() / flopsPerSecond / 3600;
    }

    /** Whether a repair pass follows the segments. */
    static boolean repaired(Recipe recipe) {
        return recipe.blockAp().repair().samples() > 0 && recipe.blockAp().segments() > 1;
    }
}
