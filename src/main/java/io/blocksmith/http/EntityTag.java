package io.blocksmith.http;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import io.blocksmith.failure.BlocksmithException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Supplier;

/** Tells whoever has seen something that it is still so. */
final class EntityTag {
    private static final int BYTES = 8;

    private EntityTag() {}

    /** A short digest. */
    static String of(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw BlocksmithException.defect("every Java has SHA-256, this one not: %s", e.getMessage());
        }
    }

    /** 304 when the request names the tag, else the answer; weak, because what differs in time alone is the same. */
    static HttpResponse unlessSeen(HttpRequest request, String tag, Supplier<HttpResponse> answer) {
        String quoted = "W/\"%s\"".formatted(tag);
        boolean seen = request.getHeader("If-None-Match")
                .map(header -> Arrays.asList(header.value().split("\\s*,\\s*")).contains(quoted))
                .orElse(false);
        HttpResponse response = seen ? HttpResponse.create().withStatus(304) : answer.get();
        return response.addHeader(Answers.header("ETag", quoted));
    }
}
