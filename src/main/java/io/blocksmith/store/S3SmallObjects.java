package io.blocksmith.store;

import io.blocksmith.run.ObjectRef;
import java.time.Duration;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Ledger records, heartbeats and the like: whoever writes one has a lease to keep, so none may wait for long. */
final class S3SmallObjects {
    static final AwsRequestOverrideConfiguration SOON = AwsRequestOverrideConfiguration.builder()
            .apiCallAttemptTimeout(Duration.ofSeconds(10))
            .apiCallTimeout(Duration.ofSeconds(30))
            .build();

    private static final int CONFLICT_TRIES = 20;

    private final S3Client client;
    private final String bucket;

    S3SmallObjects(S3Client client, String bucket) {
        this.client = client;
        this.bucket = bucket;
    }

    /** False also when a first try created the object and its answer got lost. */
    boolean createIfAbsent(String key, byte[] content) {
        for (int tries = 1; ; tries++) {
            try {
                client.putObject(put(key, content).ifNoneMatch("*").build(), RequestBody.fromBytes(content));
                return true;
            } catch (S3Exception refused) {
                if (refused.statusCode() == 412) {
                    return false;
                }
                // 409: somebody else's write of this key was under way; by now one of the two has won.
                if (refused.statusCode() != 409 || tries == CONFLICT_TRIES) {
                    throw refused;
                }
            }
        }
    }

    /** Whether a second conditional write of {@code key} is refused; leaves nothing there. */
    boolean obeysConditions(String key) {
        byte[] content = {1};
        delete(key);
        createIfAbsent(key, content);
        boolean written = createIfAbsent(key, content);
        delete(key);
        return !written;
    }

    void replace(String key, byte[] content) {
        client.putObject(put(key, content).build(), RequestBody.fromBytes(content));
    }

    void delete(String key) {
        client.deleteObject(request -> request.bucket(bucket).key(key).overrideConfiguration(SOON));
    }

    private PutObjectRequest.Builder put(String key, byte[] content) {
        return PutObjectRequest.builder()
                .bucket(bucket)
                .key(key)
                .metadata(S3Upload.metadata(new ObjectRef(key, content.length, Digests.sha256(content))))
                .overrideConfiguration(SOON);
    }
}
