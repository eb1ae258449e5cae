package io.blocksmith.train;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Where the gradient shards of an optimizer step come from. Whoever computes a shard, its numbers are the same to the last
 * bit, and they are added in the order of the shards: so the replicas of a training, each taking the same steps from the
 * same state, never exchange parameters.
 */
public interface GradientExchange {

    /**
     * Adds every shard of a step to the step's gradient, in order, each once.
     *
     * @param step from 0
     * @return the sum of the shards' losses, added in order
     */
    double gather(long step, Shards shards);

    /** The shards of one step, and one place in memory that holds one of them at a time. */
    interface Shards {
        /** How many there are, numbered from 0. */
        int count();

        /**
         * Computes a shard from zero into {@link #part}.
         *
         * @return its loss, summed over its tokens
         */
        double compute(int shard);

        /** The arrays of the shard at hand, of everything that is trained, in a fixed order; float32. */
        List<NDArray> part();

        /** Adds {@link #part} to the gradient of the step. */
        void add();
    }

    /** Computes every shard here. */
    static GradientExchange alone() {
        return (_, shards) -> {
            double loss = 0;
            for (int shard = 0; shard < shards.count(); shard++) {
                loss += shards.compute(shard);
                shards.add();
            }
            return loss;
        };
    }
}
