package io.blocksmith.stage;

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

/** Recipes that run in seconds: windows of 16 tokens. */
final class StagedRecipes {
    private static final Adam ADAM = new Adam(0.9, 0.999, 1e-8, 0);

    private StagedRecipes() {}

    /** 24 windows trained on and 7 others, {@code batch} at a time; without a repair pass. */
    static Recipe segments(int segments, int batch) {
        return repaired(segments, batch, 0);
    }

    /** The same with a repair pass over {@code repairSamples} windows, 0 for none. */
    static Recipe repaired(int segments, int batch, int repairSamples) {
        return new Recipe(
                new Quantization(2, 32, false),
                new Calibration(16, 24, 7, Calibration.Order.RANDOM, Calibration.Activations.FLOAT32),
                new BlockAp(
                        1,
                        batch,
                        new BlockAp.LearningRates(1e-3, 1e-3, 1e-3),
                        0.05,
                        ADAM,
                        BlockAp.Trained.ALL,
                        true,
                        segments,
                        new BlockAp.Repair(repairSamples, 0.5)),
                endToEnd(),
                new Evaluation(16, 4),
                List.of(ExportFormat.GPTQ),
                Numerics.FLOAT32,
                3);
    }

    /** Both kinds of parameters, 2 epochs of 3 steps of 8 windows in 4 gradient shards, validated after each 2 steps. */
    static EndToEnd endToEnd() {
        return new EndToEnd(
                24,
                5,
                16,
                8,
                2,
                new EndToEnd.LearningRates(1e-3, 1e-3),
                0.03,
                0,
                0.3,
                ADAM,
                4,
                EndToEnd.Trained.BOTH,
                true,
                2);
    }
}
