package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.BlockAp;
import io.blocksmith.spec.Calibration;
import io.blocksmith.spec.EndToEnd;
import io.blocksmith.spec.Recipe;

/**
 * Floating-point operations of matrix products and attention, by phase; f is what a token costs a block forward, see
 * {@link TokenCost}.
 *
 * @param capture full-precision boundaries of later segments: f for each sample and block before the last segment
 * @param blockAp per block: targets f for all samples, training 3f for each epoch, validation f at the start and after each
 *     epoch, and f for all samples to propagate, except in the last block of a segment
 * @param repair the same over the repair samples, propagated through all blocks but the last
 * @param endToEnd per trained token and block 4f (the forward pass is done again in the backward pass), head 4VH;
 *     validation f and 2VH
 * @param evaluation four models over the evaluated windows; a recipe that takes all windows is counted as WikiText-2's
 *     test text
 */
public record Work(double capture, double blockAp, double repair, double endToEnd, double evaluation) {
    /** Tokens of WikiText-2's test text, about, by the tokenizer of Llama 2. */
    private static final long WIKITEXT_TOKENS = 341_000;

    private static final int EVALUATED_MODELS = 4;

    static Work of(LlamaConfig config, Recipe recipe) {
        long blocks = config.blocks();
        BlockAp blockAp = recipe.blockAp();
        Calibration calibration = recipe.calibration();
        int segments = blockAp.segments();
        long length = calibration.sequenceLength();
        double train = (double) calibration.trainSamples() * length;
        double validation = (double) calibration.validationSamples() * length;
        double forward = TokenCost.of(config, length).block();

        // The last segment is the smallest one; captures end at its first block.
        double capture = forward * (train + validation) * (blocks - blocks / segments);
        double trained = passes(blockAp, train, validation, blocks, blocks - segments) * forward;
        double repairTrain = (double) blockAp.repair().samples() * length;
        double repair = RunEstimate.repaired(recipe)
                ? passes(blockAp, repairTrain, validation, blocks, blocks - 1) * forward
                : 0;
        double endToEnd = endToEndTraining(config, recipe.endToEnd()) + endToEndValidation(config, recipe.endToEnd());
        return new Work(capture, trained, repair, endToEnd, EVALUATED_MODELS * evaluation(config, recipe));
    }

    /** Forward passes of tokens through blocks that Block-AP makes, a backward pass counted as two. */
    private static double passes(BlockAp blockAp, double train, double validation, long blocks, long propagated) {
        double perBlock = train + validation + 3 * blockAp.epochs() * train + (blockAp.epochs() + 1) * validation;
        return blocks * perBlock + propagated * (train + validation);
    }

    static double endToEndTraining(LlamaConfig config, EndToEnd endToEnd) {
        double tokens = (double) endToEnd.samples() * endToEnd.sequenceLength();
        return endToEnd.epochs()
                * tokens
                * TokenCost.of(config, endToEnd.sequenceLength()).trainedModel();
    }

    static double endToEndValidation(LlamaConfig config, EndToEnd endToEnd) {
        double tokens = (double) endToEnd.validationSamples() * endToEnd.sequenceLength();
        return validations(endToEnd)
                * tokens
                * TokenCost.of(config, endToEnd.sequenceLength()).model();
    }

    /** One model over the evaluated windows. */
    static double evaluation(LlamaConfig config, Recipe recipe) {
        return evaluatedTokens(recipe)
                * TokenCost.of(config, recipe.evaluation().context()).model();
    }

    /** At the start, every so many steps, and at the end of each epoch. */
    private static long validations(EndToEnd endToEnd) {
        long stepsPerEpoch = Math.ceilDiv(endToEnd.samples(), endToEnd.batchSize());
        int every = endToEnd.validateEvery();
        if (every == 0) {
            return 1L + endToEnd.epochs();
        }
        long validations = 1 + stepsPerEpoch * endToEnd.epochs() / every;
        for (long epoch = 1; epoch <= endToEnd.epochs(); epoch++) {
            validations += epoch * stepsPerEpoch % every == 0 ? 0 : 1;
        }
        return validations;
    }

    static long evaluatedTokens(Recipe recipe) {
        int windows = recipe.evaluation().windows();
        return windows == 0
                ? WIKITEXT_TOKENS
                : (long) windows * recipe.evaluation().context();
    }

    public double total() {
        return capture + blockAp + repair + endToEnd + evaluation;
    }
}
