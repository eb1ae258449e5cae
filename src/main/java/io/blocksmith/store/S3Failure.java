package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.util.Locale;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/** Turns what the S3 client throws, after its own retries, into a categorised failure. */
final class S3Failure {
    private static final Set<String> FULL = Set.of("QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity");

    private S3Failure() {}

    /** @param what the deed in the infinitive, e.g. {@code write} */
    static BlocksmithException of(SdkException failure, String what, String where) {
        if (failure instanceof AwsServiceException refused) {
            return refused(refused, what, where);
        }
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof AbortedException) {
            return BlocksmithException.transientFault(failure, "cannot %s %s: interrupted", what, where);
        }
        String lower = message.toLowerCase(Locale.ROOT);
        if (lower.contains("credentials")) {
            return BlocksmithException.environment(
                    failure,
                    "cannot %s %s: no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                            + " a profile in ~/.aws, or a role (%s)",
                    what,
                    where,
                    message);
        }
        if (lower.contains("unable to load region")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: no region is known; set store.s3.region or AWS_REGION", what, where);
        }
        return new BlocksmithException(
                Category.STORE_UNAVAILABLE,
                "cannot %s %s: the store does not answer (%s)".formatted(what, where, message),
                failure);
    }

    private static BlocksmithException refused(AwsServiceException failure, String what, String where) {
        int status = failure.statusCode();
        String code = code(failure);
        String answer = "%d %s".formatted(status, code);
        if (FULL.contains(code) || status == 507) {
            return new BlocksmithException(
                    Category.STORE_FULL,
                    "cannot %s %s: no room is left (%s); free some".formatted(what, where, answer),
                    failure);
        }
        if (code.equals("RequestTimeTooSkewed")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: this machine's clock is wrong (%s); set it", what, where, answer);
        }
        if (status == 401 || status == 403) {
            return BlocksmithException.environment(
                    failure,
                    "cannot %s %s: access is denied (%s); the credentials in use need s3:GetObject, s3:PutObject,"
                            + " s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket there",
                    what,
                    where,
                    answer);
        }
        if (code.equals("NoSuchBucket")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: there is no such bucket; create it, or correct its name", what, where);
        }
        if (status == 404) {
            return BlocksmithException.environment(failure, "cannot %s %s: there is no such object", what, where);
        }
        if (status == 501 || code.equals("NotImplemented")) {
            return BlocksmithException.environment(
                    failure, "cannot %s %s: this store lacks what Blocksmith needs (%s)", what, where, answer);
        }
        if (status >= 500 || status == 429 || status == 409) {
            return new BlocksmithException(
                    Category.STORE_UNAVAILABLE,
                    "cannot %s %s: the store is busy or broken (%s)".formatted(what, where, answer),
                    failure);
        }
        return BlocksmithException.transientFault(failure, "cannot %s %s: %s", what, where, failure.getMessage());
    }

    private static String code(AwsServiceException failure) {
        // Answers to HEAD have no body and so no code.
        return failure.awsErrorDetails() == null || failure.awsErrorDetails().errorCode() == null
                ? ""
                : failure.awsErrorDetails().errorCode();
    }
}
