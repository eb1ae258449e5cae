package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;

/**
 * Where a run lives in S3.
 *
 * @param prefix of every key: empty or ending in a slash
 */
record S3Location(String bucket, String prefix) {
    private static final String SCHEME = "s3://";

    static boolean matches(String location) {
        return location.startsWith(SCHEME);
    }

    /** From {@code s3://bucket/some/prefix}. */
    static S3Location parse(String location) {
        String rest = location.substring(SCHEME.length());
        int slash = rest.indexOf('/');
        String bucket = slash < 0 ? rest : rest.substring(0, slash);
        String prefix = slash < 0 ? "" : rest.substring(slash + 1);
        if (bucket.isEmpty() || prefix.startsWith("/")) {
            throw BlocksmithException.user("'%s' is no place for a run: expected s3://BUCKET/PREFIX", location);
        }
        return new S3Location(bucket, prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/");
    }

    String key(String name) {
        return prefix + name;
    }

    /** For people. */
    String where(String name) {
        return SCHEME + bucket + "/" + key(name);
    }
}
