package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;

/**
 * Floating-point operations of matrix products and attention that one token costs. A block takes {@code f = 2n + 2A(T + 1)}
 * forward: two for each of its n weights, and four for each of the A attention numbers and each of the (T + 1) / 2 positions
 * that a token sees on average. A backward pass takes 2f. The head takes 2VH forward.
 *
 * @param block f, one block forward
 * @param head the output head forward
 * @param blocks of the model
 */
public record TokenCost(double block, double head, int blocks) {

    /**
     * The cost by a model's shapes.
     *
     * @param length tokens in a window (T)
     */
    public static TokenCost of(LlamaConfig config, long length) {
        double attention = (double) config.heads() * config.headSize();
        return new TokenCost(
                2.0 * config.linearWeightsPerBlock() + 2 * attention * (length + 1),
                2.0 * config.vocabulary() * config.hidden(),
                config.blocks());
    }

    /** A step of Block-AP: one block forward and backward. */
    public double trainedBlock() {
        return 3 * block;
    }

    /** The whole model forward. */
    public double model() {
        return blocks * block + head;
    }

    /** A step of E2E-QP: each block forward, again in the backward pass, and backward; the head forward and by its input. */
    public double trainedModel() {
        return 4 * blocks * block + 2 * head;
    }
}
