package io.blocksmith.store;

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Makes the client of a bucket from settings. */
final class S3Connection {
    private S3Connection() {}

    static S3Client open(S3 settings, S3Location location) {
        S3ClientBuilder builder = S3Client.builder()
                .forcePathStyle(settings.pathStyle())
                .overrideConfiguration(override -> override.retryStrategy(retries -> retries.maxAttempts(5)))
                .httpClientBuilder(Apache5HttpClient.builder()
                        .connectionTimeout(Duration.ofSeconds(5))
                        // Five silences of this length must end before the attempt at a stage is taken for hung.
                        .socketTimeout(Duration.ofSeconds(30))
                        .maxConnections(64));
        settings.region().map(Region::of).ifPresent(builder::region);
        if (settings.endpoint().isPresent()) {
            URI endpoint = settings.endpoint().get();
            builder.endpointOverride(endpoint)
                    .region(Region.of(settings.region().orElse("us-east-1")))
                    // Other servers may not know the checksums that newer clients add; lengths and SHA-256 are ours.
                    .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                    .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        }
        try {
            return builder.build();
        } catch (SdkException failure) {
            throw S3Failure.of(failure, "open", location.where(""), false);
        }
    }
}
