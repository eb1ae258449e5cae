package io.blocksmith.store;

import java.net.URI;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * S3Proxy over memory, with signatures checked, on a free port of this machine. What it does not prove about Amazon's
 * S3: that conditions hold between its many machines (here one process locks), 409 answers, throttling, eventual
 * behaviours of any kind, its limits (part and object sizes), its IAM rules, and TLS.
 */
public final class S3Server implements AutoCloseable {
    static final String BUCKET = "runs";
    public static final String KEY = "key";
    public static final String SECRET = "secret";

    private static final String KEY_PROPERTY = "aws.accessKeyId";
    private static final String SECRET_PROPERTY = "aws.secretAccessKey";

    private final BlobStore objects;
    private final int port;
    private S3Proxy proxy;

    private S3Server(BlobStore objects, S3Proxy proxy) {
        this.objects = objects;
        this.port = proxy.getPort();
        this.proxy = proxy;
    }

    public static S3Server start() throws Exception {
        return start(new TransientNio2BlobStore());
    }

    /** With faults that {@code objects} makes. */
    public static S3Server start(BlobStore objects) throws Exception {
        objects.createContainer(BUCKET);
        return new S3Server(objects, serve(objects, 0));
    }

    private static S3Proxy serve(BlobStore objects, int port) throws Exception {
        S3Proxy proxy = S3Proxy.builder()
                .endpoint(address(port))
                .awsAuthentication(AuthenticationType.AWS_V4, KEY, SECRET)
                .blobStore(objects)
                .build();
        proxy.start();
        return proxy;
    }

    private static URI address(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }

    public URI endpoint() {
        return address(port);
    }

    /** A place in its bucket. */
    public static String location(String prefix) {
        return "s3://%s/%s".formatted(BUCKET, prefix);
    }

    /** Makes its credentials those that this process finds, until closed. */
    public Identity asOfThisProcess() {
        System.setProperty(KEY_PROPERTY, KEY);
        System.setProperty(SECRET_PROPERTY, SECRET);
        return () -> {
            System.clearProperty(KEY_PROPERTY);
            System.clearProperty(SECRET_PROPERTY);
        };
    }

    /** Credentials in use. */
    public interface Identity extends AutoCloseable {
        @Override
        void close();
    }

    /** Answers nobody, until {@link #resume}; keeps its objects. */
    public void interrupt() throws Exception {
        proxy.stop();
    }

    /** Answers again, at the same address. */
    public void resume() throws Exception {
        proxy = serve(objects, port);
    }

    /** What a server answers with an error. */
    public static AwsServiceException refusal(int status, String code) {
        return S3Exception.builder()
                .statusCode(status)
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage(code)
                        .build())
                .message(code)
                .build();
    }

    S3Client client(String secret, int tries) {
        return S3Client.builder()
                .endpointOverride(endpoint())
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY, secret)))
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
    public static class Faulty extends ForwardingBlobStore {
        public Faulty() {
            super(new TransientNio2BlobStore());
        }
    }
}
