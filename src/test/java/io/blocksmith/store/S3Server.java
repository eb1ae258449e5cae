package io.blocksmith.store;

import java.net.URI;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * S3Proxy over memory, with signatures checked, on a free port of this machine. What it does not prove about Amazon's
 * S3: that conditions hold between its many machines (here one process locks), 409 answers, throttling, eventual
 * behaviours of any kind, its limits (part and object sizes), its IAM rules, and TLS.
 */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "runs";

    private final S3Proxy proxy;

    private S3Server(S3Proxy proxy) {
        this.proxy = proxy;
    }

    static S3Server start() throws Exception {
        return start(new TransientNio2BlobStore());
    }

    /** With faults that {@code objects} makes. */
    static S3Server start(BlobStore objects) throws Exception {
        objects.createContainer(BUCKET);
        S3Proxy proxy = S3Proxy.builder()
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V4, "key", "secret")
                .blobStore(objects)
                .build();
        proxy.start();
        return new S3Server(proxy);
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + proxy.getPort());
    }

    S3Client client(String secret, int tries) {
        return S3Client.builder()
                .endpointOverride(endpoint())
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("key", secret)))
                .overrideConfiguration(override -> override.retryStrategy(retries -> retries.maxAttempts(tries)))
                .build();
    }

    @Override
    public void close() {
        try {
            proxy.stop();
        } catch (Exception failure) {
            throw new AssertionError("the server did not stop", failure);
        }
    }

    /** Memory that tests make fail. */
    static class Faulty extends ForwardingBlobStore {
        Faulty() {
            super(new TransientNio2BlobStore());
        }
    }
}
