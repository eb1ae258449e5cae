package io.blocksmith.spec;

import java.util.List;

/**
 * Everything, besides the model and the texts, that decides the bytes of a run's result.
 *
 * @param seed drives every random choice
 * @param numerics number format of matrix products
 */
public record Recipe(
        Quantization quantization,
        Calibration calibration,
        BlockAp blockAp,
        EndToEnd endToEnd,
        Evaluation evaluation,
        List<ExportFormat> exports,
        Numerics numerics,
        long seed) {
    public Recipe {
        exports = List.copyOf(exports);
        Require.that(
                blockAp.repair().samples() <= calibration.trainSamples(),
                "block-ap.repair.samples",
                blockAp.repair().samples(),
                "at most calibration.train-samples = " + calibration.trainSamples());
    }
}
