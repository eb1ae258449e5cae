package io.blocksmith.simulate;

/**
 * One step of E2E-QP by several replicas.
 *
 * @param shards of a batch
 * @param shardSeconds computing of one
 * @param validation seconds that only the leader computes, spread over the steps
 * @param shardBytes of one shard's gradients
 */
record SharedStep(int shards, double shardSeconds, double validation, double shardBytes) {

    /**
     * What one replica does in a step.
     *
     * @param computing seconds
     * @param storing seconds
     * @param waiting seconds
     */
    record Part(double computing, double storing, double waiting) {
        double total() {
            return computing + storing + waiting;
        }
    }

    /** Seconds of a step that nobody shares. */
    double alone() {
        return shards * shardSeconds + validation;
    }

    /** Shards of replica {@code index} out of {@code replicas}, the leader's index being 0: as even as possible. */
    int share(int index, int replicas) {
        return shards / replicas + (index < shards % replicas ? 1 : 0);
    }

    /** The leader's part; nobody has more shards, so this is how long the step takes. */
    Part leader(int replicas, double bytesPerSecond) {
        int share = share(0, replicas);
        return new Part(share * shardSeconds + validation, exchange(share) / bytesPerSecond, 0);
    }

    Part helper(int index, int replicas, double bytesPerSecond) {
        int share = share(index, replicas);
        double computing = share * shardSeconds;
        double storing = exchange(share) / bytesPerSecond;
        return new Part(computing, storing, leader(replicas, bytesPerSecond).total() - computing - storing);
    }

    /** A step that an earlier attempt shared: its gradients are read. */
    Part replayed(double bytesPerSecond) {
        return new Part(0, shards * shardBytes / bytesPerSecond, 0);
    }

    /** Bytes that pass the store in a step. */
    double traffic(int replicas) {
        return (1.0 + replicas) * shards * shardBytes;
    }

    /** A replica writes its shards and reads all of them. */
    private double exchange(int share) {
        return (share + shards) * shardBytes;
    }
}
