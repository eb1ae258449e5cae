package io.blocksmith.run;

import io.blocksmith.spec.Adam;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Evaluation;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.spec.Numerics;
import io.blocksmith.spec.Quantization;
import io.blocksmith.spec.Recipe;
import java.util.List;

/** Recipes and plans for tests. */
public final class Plans {
    private static final Adam ADAM = new Adam(0.9, 0.999, 1e-8, 0);

    private Plans() {}

    public static Plan of(int blocks, int segments, int repairSamples) {
        return Plan.of(recipe(2, segments, repairSamples), blocks);
    }

    public static Recipe recipe(int bits, int segments, int repairSamples) {
        return new Recipe(
                new Quantization(bits, 64, false),
                new Calibration(128, 64, 8, Calibration.Order.FILE, Calibration.Activations.FLOAT32),
                new BlockAp(
                        2,
                        2,
                        new BlockAp.LearningRates(2e-5, 1e-4, 1e-4),
                        0.05,
                        ADAM,
                        BlockAp.Trained.ALL,
                        true,
                        segments,
                        new BlockAp.Repair(repairSamples, 0.5)),
                new EndToEnd(
                        64,
                        8,
                        128,
                        32,
                        1,
                        new EndToEnd.LearningRates(2e-5, 0),
                        0.03,
                        0,
                        0.3,
                        ADAM,
                        8,
                        EndToEnd.Trained.STEP_SIZES,
                        true,
                        0),
                new Evaluation(128, 10),
                List.of(ExportFormat.GPTQ, ExportFormat.DEQUANTIZED),
                Numerics.FLOAT32,
                1);
    }
}
