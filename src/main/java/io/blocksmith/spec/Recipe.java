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
                !quantization.symmetric() || endToEnd.train().stepSizes(),
                "end-to-end.train",
                "zero-points",
                "step-sizes or both, because quantization.symmetric = true fixes zero points");
        Require.that(
                blockAp.repair().samples() == 0 || blockAp.train() != BlockAp.Trained.ROUNDING,
                "block-ap.repair.samples",
                blockAp.repair().samples(),
                "0 with block-ap.train = rounding, whose bounds are those of the first pass");
        Require.that(
                blockAp.repair().samples() <= calibration.trainSamples(),
                "block-ap.repair.samples",
                blockAp.repair().samples(),
                "at most calibration.train-samples = " + calibration.trainSamples());
    }
}
