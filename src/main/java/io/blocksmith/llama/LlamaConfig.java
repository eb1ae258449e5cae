package io.blocksmith.llama;

import java.util.OptionalInt;

/**
 * The shape of a decoder.
 *
 * @param hidden width of the residual stream (H)
 * @param feedForward width inside the feed-forward part (F)
 * @param blocks decoder layers
 * @param heads query heads
 * @param keyValueHeads key and value heads; {@code heads} is a multiple of it (grouped-query attention)
 * @param headSize width of one head (D)
 * @param vocabulary token ids (V)
 * @param contextLength longest sequence the model was made for
 * @param normEpsilon added to the mean square in RMS norms
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling how they are stretched
 * @param attentionBias whether q, k, v and o projections have biases
 * @param feedForwardBias whether gate, up and down projections have biases
 * @param tiedHead whether the output head is the embedding
 * @param beginToken id put before a document, when the model has one
 */
public record LlamaConfig(
        int hidden,
        int feedForward,
        int blocks,
        int heads,
        int keyValueHeads,
        int headSize,
        int vocabulary,
        int contextLength,
        double normEpsilon,
        double ropeTheta,
        RopeScaling ropeScaling,
        boolean attentionBias,
        boolean feedForwardBias,
        boolean tiedHead,
        OptionalInt beginToken) {

    /** The same blocks, {@code blocks} of them, with {@code vocabulary} token ids, a tied head and no begin token. */
    public LlamaConfig withSize(int blocks, int vocabulary) {
        return new LlamaConfig(
                hidden,
                feedForward,
                blocks,
                heads,
                keyValueHeads,
                headSize,
                vocabulary,
                contextLength,
                normEpsilon,
                ropeTheta,
                ropeScaling,
                attentionBias,
                feedForwardBias,
                true,
                OptionalInt.empty());
    }

    /** The same with a head of its own. */
    public LlamaConfig untied() {
        return new LlamaConfig(
                hidden,
                feedForward,
                blocks,
                heads,
                keyValueHeads,
                headSize,
                vocabulary,
                contextLength,
                normEpsilon,
                ropeTheta,
                ropeScaling,
                attentionBias,
                feedForwardBias,
                false,
                beginToken);
    }

    /** Output rows of a linear of this shape. */
    public long rows(Linear linear) {
        return switch (linear) {
            case Q -> (long) heads * headSize;
            case K, V -> (long) keyValueHeads * headSize;
            case O, DOWN -> hidden;
            case GATE, UP -> feedForward;
        };
    }

    /** Input columns of a linear of this shape. */
    public long columns(Linear linear) {
        return switch (linear) {
            case Q, K, V, GATE, UP -> hidden;
            case O -> (long) heads * headSize;
            case DOWN -> feedForward;
        };
    }

    /** Whether {@code linear} has a bias. */
    public boolean hasBias(Linear linear) {
        return switch (linear) {
            case Q, K, V, O -> attentionBias;
            case GATE, UP, DOWN -> feedForwardBias;
        };
    }

    /** Weights of the seven linears of one block. */
    public long linearWeightsPerBlock() {
        long total = 0;
        for (Linear linear : Linear.values()) {
            total += rows(linear) * columns(linear);
        }
        return total;
    }

    /** All parameters of the model. */
    public long parameters() {
        long biases = 0;
        for (Linear linear : Linear.values()) {
            biases += hasBias(linear) ? rows(linear) : 0;
        }
        long embeddings = (long) vocabulary * hidden * (tiedHead ? 1 : 2);
        return embeddings + hidden + blocks * (linearWeightsPerBlock() + biases + 2L * hidden);
    }
}
