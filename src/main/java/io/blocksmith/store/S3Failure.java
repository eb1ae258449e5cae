package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import java.util.Locale;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Turns what the S3 client throws, after its own retries, into a categorised failure. A store that refuses a process which
 * it has served before has changed, its credentials or its bucket have: that is waited for, as for one that is away. One
 * that refuses from the first is a machine that was set up wrongly.
 */
final class S3Failure {
    private static final Set<String> FULL = Set.of("QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity");
    /** Answered with 400: credentials that were good until now. */
    private static final Set<String> EXPIRED = Set.of("ExpiredToken", "InvalidToken", "TokenRefreshRequired");

    private static final Set<String> UNKNOWN = Set.of("InvalidAccessKeyId", "SignatureDoesNotMatch");
    private static final Set<String> ELSEWHERE =
            Set.of("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException");

    private final String what;
    private final String where;
    private final boolean served;

    private S3Failure(String what, String where, boolean served) {
        this.what = what;
        this.where = where;
        this.served = served;
    }

    /**
     * The failure to throw.
     *
     * @param what the deed in the infinitive, e.g. {@code write}
     * @param served whether the store has done anything for this process
     */
    static BlocksmithException of(SdkException failure, String what, String where, boolean served) {
        S3Failure named = new S3Failure(what, where, served);
        return failure instanceof AwsServiceException refused ? named.refused(refused) : named.unanswered(failure);
    }

    private BlocksmithException unanswered(SdkException failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof AbortedException) {
            return BlocksmithException.transientFault(failure, "cannot %s %s: interrupted", what, where);
        }
        String lower = message.toLowerCase(Locale.ROOT);
        if (lower.contains("unable to load region")) {
            return named(
                    Category.ENVIRONMENT,
                    failure,
                    "no region is known; set s3.region, or AWS_REGION in the environment");
        }
        if (lower.contains("credentials")) {
            // The SDK's own words are those of every place that it has looked at.
            return named(
                    denied(),
                    failure,
                    "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile in ~/.aws,"
                            + " or a role");
        }
        return named(
                Category.STORE_UNAVAILABLE,
                failure,
                "the store does not answer (%s); look at s3.endpoint, the network, and the server".formatted(message));
    }

    private BlocksmithException refused(AwsServiceException failure) {
        int status = failure.statusCode();
        String code = code(failure);
        String answer = code.isEmpty() ? Integer.toString(status) : "%d %s".formatted(status, code);
        if (FULL.contains(code) || status == 507) {
            return named(Category.STORE_FULL, failure, "no room is left (%s); free some".formatted(answer));
        }
        if (code.equals("RequestTimeTooSkewed")) {
            return named(denied(), failure, "this machine's clock is wrong (%s); set it".formatted(answer));
        }
        if (ELSEWHERE.contains(code) || status == 301) {
            return named(
                    Category.ENVIRONMENT,
                    failure,
                    "the bucket is in another region (%s: %s); set s3.region to that of the bucket"
                            .formatted(answer, message(failure)));
        }
        if (UNKNOWN.contains(code)) {
            return named(
                    denied(),
                    failure,
                    ("the credentials are wrong (%s); look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the"
                                    + " profile, or the role")
                            .formatted(answer));
        }
        if (status == 401 || status == 403 || EXPIRED.contains(code)) {
            return named(
                    denied(),
                    failure,
                    ("access is denied (%s); the credentials in use need s3:GetObject, s3:PutObject, s3:DeleteObject,"
                                    + " s3:AbortMultipartUpload and s3:ListBucket there, and must not have expired")
                            .formatted(answer));
        }
        if (code.equals("NoSuchBucket")) {
            return named(denied(), failure, "there is no such bucket; create it, or correct its name");
        }
        if (status == 404) {
            return named(Category.ENVIRONMENT, failure, "there is no such object");
        }
        if (status == 501 || code.equals("NotImplemented")) {
            return named(
                    Category.ENVIRONMENT,
                    failure,
                    "this store lacks what Blocksmith needs (%s); use another".formatted(answer));
        }
        if (status >= 500 || status == 429 || status == 409) {
            return named(
                    Category.STORE_UNAVAILABLE,
                    failure,
                    "the store is busy or broken (%s); look at the server".formatted(answer));
        }
        return BlocksmithException.transientFault(failure, "cannot %s %s: %s", what, where, failure.getMessage());
    }

    private Category denied() {
        return served ? Category.STORE_UNAVAILABLE : Category.ENVIRONMENT;
    }

    private BlocksmithException named(Category category, SdkException failure, String why) {
        return new BlocksmithException(category, "cannot %s %s: %s".formatted(what, where, why), failure);
    }

    private static String code(AwsServiceException failure) {
        // Answers to HEAD have no body and so no code.
        return failure.awsErrorDetails() == null || failure.awsErrorDetails().errorCode() == null
                ? ""
                : failure.awsErrorDetails().errorCode();
    }

    private static String message(AwsServiceException failure) {
        return failure.awsErrorDetails() == null || failure.awsErrorDetails().errorMessage() == null
                ? "no message"
                : failure.awsErrorDetails().errorMessage();
    }
}
