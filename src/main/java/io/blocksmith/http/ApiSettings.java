package io.blocksmith.http;

import io.blocksmith.failure.BlocksmithException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Where the API listens and whom it lets in.
 *
 * @param host name or address of this machine
 * @param port TCP, above 0
 * @param token secret, beyond loopback of 16 characters at least; empty = nothing can be changed
 * @param peers {@code http://HOST:PORT} of the same API elsewhere, and of pages that may use this one
 */
public record ApiSettings(String host, int port, String token, List<String> peers) {
    /** What may stand in a header behind {@code Bearer}. */
    private static final String TOKEN = "[!-~]*";
    /** Nothing counts failed tries, so it must be too long to be found by trying. */
    private static final int LEAST_TOKEN = 16;

    public ApiSettings {
        peers = peers.stream().map(ApiSettings::requireOrigin).toList();
        if (!token.matches(TOKEN)) {
            throw BlocksmithException.user(
                    "http.token: expected ASCII characters without spaces and line breaks, found others (it is secret,"
                            + " so it is not shown)");
        }
        boolean loopback = isLoopback(host);
        if (!loopback && !token.isEmpty() && token.length() < LEAST_TOKEN) {
            throw BlocksmithException.user(
                    "http.token: expected at least %d characters beyond loopback (http.host = %s), found %d: whoever"
                            + " guesses it can change every run; take one like that of `openssl rand -hex 24`",
                    LEAST_TOKEN, host, token.length());
        }
        if (token.isEmpty() && !loopback) {
            throw BlocksmithException.user(
                    "http.host = %s: whoever reaches this address could see every run; set http.token (better the"
                            + " environment variable BLOCKSMITH_HTTP_TOKEN), or listen at 127.0.0.1 only",
                    host);
        }
    }

    /** Whether only this machine reaches the API. */
    boolean isLoopback() {
        return isLoopback(host);
    }

    boolean canChange() {
        return !token.isEmpty();
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException unknown) {
            throw BlocksmithException.user("http.host = %s: no such host; use a name or address of this machine", host);
        }
    }

    private static String requireOrigin(String peer) {
        try {
            URI uri = new URI(peer);
            String origin = "%s://%s".formatted(uri.getScheme(), uri.getRawAuthority());
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (http
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && (origin.equals(peer) || peer.equals(origin + "/"))) {
                return origin;
            }
        } catch (URISyntaxException malformed) {
            throw notAnOrigin(peer);
        }
        throw notAnOrigin(peer);
    }

    private static BlocksmithException notAnOrigin(String peer) {
        return BlocksmithException.user(
                "http.peers: %s: expected http://HOST:PORT or https://HOST[:PORT] without a path", peer);
    }

    /** Without the token, which is secret. */
    @Override
    public String toString() {
        return "ApiSettings[host=%s, port=%d, peers=%s]".formatted(host, port, peers);
    }
}
