package io.blocksmith.http;

import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Who may do what. */
final class Access {
    private static final String BEARER = "Bearer ";

    private final ApiSettings settings;
    /** Found out once: to resolve a name may take seconds, or fail for a while. */
    private final boolean onLoopback;

    private final Set<String> origins;

    /**
     * The rules of a server.
     *
     * @param self its own address, {@code http://HOST:PORT}
     */
    Access(ApiSettings settings, String self) {
        this.settings = settings;
        this.onLoopback = settings.isLoopback();
        this.origins = Stream.concat(settings.peers().stream(), Stream.of(self))
                .flatMap(origin -> onLoopback ? spellings(origin) : Stream.of(origin))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** A page of this machine has the name for an origin that its user typed, which need not be that of the settings. */
    private static Stream<String> spellings(String origin) {
        URI address = URI.create(origin);
        return isLoopback(address.getHost())
                ? Stream.of(address.getHost(), "localhost", "127.0.0.1", "[::1]")
                        .map(host -> origin.replace("://" + address.getHost(), "://" + host))
                : Stream.of(origin);
    }

    /**
     * On loopback only names of loopback are meant: a page from elsewhere whose name was made to point here by DNS would
     * otherwise be let in by the browser as if it were our own.
     */
    void requireHost(HttpRequest request) {
        String host = request.getUri().host().address();
        if (onLoopback && !isLoopback(host)) {
            throw Refusal.of(403, "this server listens on loopback and is asked for under another name")
                    .expected("localhost, 127.0.0.1 or [::1]")
                    .found(host)
                    .toDo("a proxy in front of it has to send one of these as Host");
        }
    }

    private static boolean isLoopback(String host) {
        return host.equals("localhost") || host.matches("127(\\.[0-9]{1,3}){3}") || host.matches("\\[?(0*:)+:?0*1]?");
    }

    /** Whoever asks under {@code /api} beyond loopback, or changes anything, has the token. */
    void requireToken(HttpRequest request, boolean changes) {
        if (changes && !settings.canChange()) {
            throw Refusal.of(403, "nothing can be changed here: this node has no token")
                    .toDo("set http.token, or the environment variable BLOCKSMITH_HTTP_TOKEN, and start the node"
                            + " again");
        }
        if (!changes && onLoopback) {
            return;
        }
        Optional<String> given = request.getHeader("Authorization").map(HttpHeader::value);
        if (given.isEmpty()) {
            throw Refusal.of(401, "this needs a token").expected("the header Authorization: Bearer TOKEN");
        }
        if (!isToken(given.get())) {
            throw Refusal.of(401, "the token is not the one of this node")
                    .expected("the header Authorization: Bearer TOKEN, with the value of http.token");
        }
    }

    /** Takes as long for a wrong token as for the right one. */
    private boolean isToken(String header) {
        return header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                && MessageDigest.isEqual(
                        header.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8),
                        settings.token().getBytes(StandardCharsets.UTF_8));
    }

    /** The answer to a browser that asks whether a page may ask. */
    HttpResponse preflight(HttpRequest request) {
        if (origin(request).isEmpty()) {
            throw Refusal.of(403, "pages from there may not use this API")
                    .found(request.getHeader("Origin").map(HttpHeader::value).orElse("no Origin"))
                    .toDo("add the page's address to http.peers");
        }
        return HttpResponse.create()
                .withStatus(204)
                .addHeader(Answers.header("Access-Control-Allow-Methods", "GET, POST"))
                .addHeader(Answers.header(
                        "Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Last-Event-ID"))
                .addHeader(Answers.header("Access-Control-Max-Age", "600"));
    }

    /** The same answer, readable by pages of known addresses. */
    HttpResponse shared(HttpRequest request, HttpResponse answer) {
        HttpResponse varying = answer.addHeader(Answers.header("Vary", "Origin"));
        return origin(request)
                .map(origin -> varying.addHeader(Answers.header("Access-Control-Allow-Origin", origin))
                        .addHeader(Answers.header("Access-Control-Expose-Headers", "ETag")))
                .orElse(varying);
    }

    private Optional<String> origin(HttpRequest request) {
        return request.getHeader("Origin").map(HttpHeader::value).filter(origins::contains);
    }
}
