package io.blocksmith.estimate;

import io.blocksmith.llama.LlamaConfig;
import io.blocksmith.spec.Numerics;

/** What the forward and backward pass of one block holds beside parameters. */
final class BlockActivations {
    private BlockActivations() {}

    /**
     * Bytes for {@code tokens}, with H hidden, A = heads * head size, F feed-forward. Per token, 4 bytes each:
     *
     * <ul>
     *   <li>kept for the backward pass: 7H (input, normed and scaled before each part, the sum between, output), 5A (q, k
     *       and v as attention takes them, its result, and that as one row), 4F (gate, its SiLU, up, their product), the
     *       attention's log-sums (one a head) and two norm scales; attention is fused, no [T, T] exists;
     *   <li>passing in the backward pass: H and 3F.
     * </ul>
     *
     * In bfloat16, 2 bytes each more for the copies that products take: inputs 5H + A + F, q, k, v and result 4A.
     */
    static long bytes(LlamaConfig config, long tokens, Numerics numerics) {
        long hidden = config.hidden();
        long attention = (long) config.heads() * config.headSize();
        long feedForward = config.feedForward();
        long single = 4 * (8 * hidden + 5 * attention + 7 * feedForward + config.heads() + 2);
        long copies = switch (numerics) {
            case FLOAT32 -> 0;
            case BFLOAT16 -> 2 * (5 * hidden + 5 * attention + feedForward);
        };
        return tokens * (single + copies);
    }

    /** Bytes of the weights' copies that products in {@code numerics} take. */
    static long weightCopies(long weights, Numerics numerics) {
        return switch (numerics) {
            case FLOAT32 -> 0;
            case BFLOAT16 -> 2 * weights;
        };
    }
}
