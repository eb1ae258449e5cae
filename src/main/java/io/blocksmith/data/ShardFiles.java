package io.blocksmith.data;

import java.nio.file.Path;

/** Where the shards of one stream of hidden states lie. Asked when a shard is needed, on the thread that reads ahead. */
@FunctionalInterface
public interface ShardFiles {

    /**
     * A local file with the shard {@code index}; it may have to be fetched first.
     *
     * @throws io.blocksmith.failure.BlocksmithException when there is none, or it is not what was sealed
     */
    Path shard(int index);

    /** The shards of a local folder. */
    static ShardFiles in(Path folder) {
        return index -> folder.resolve(ActivationLayout.shardName(index));
    }
}
