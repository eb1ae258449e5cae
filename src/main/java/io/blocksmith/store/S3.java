package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How an object store that speaks S3 is reached. Credentials are not here: the AWS SDK finds them in its own chain
 * (environment, system properties, {@code ~/.aws}, container and instance roles).
 *
 * @param endpoint of a server other than Amazon's
 * @param region by the SDK's own chain when absent; {@code us-east-1} when absent beside an endpoint
 * @param pathStyle whether the bucket stands in the path instead of the host name; most other servers want it
 * @param cache local folder for copies of objects and for work files
 * @param cacheBytes copies are removed, the least recently used first, above this many bytes
 */
public record S3(Optional<URI> endpoint, Optional<String> region, boolean pathStyle, Path cache, long cacheBytes) {
    public S3 {
        if (cacheBytes < 0) {
            throw BlocksmithException.user("s3.cache-bytes = %d: must not be negative", cacheBytes);
        }
    }

    /** Amazon's, with up to 64 GiB of copies below {@code cache}. */
    public static S3 amazon(Path cache) {
        return new S3(Optional.empty(), Optional.empty(), false, cache, 64L << 30);
    }
}
