package io.blocksmith.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts JSON to an address, in order, on a thread of its own, so that an address that does not answer holds up nothing. A
 * call that fails is repeated with growing pauses; one that fails for good is logged and counted, and the next one follows.
 */
public final class Webhook implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);
    /** How long an address may take to answer. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final int WAITING = 100;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int REQUEST_TIMEOUT = 408;

    /** Told how each call ended. */
    @FunctionalInterface
    public interface Results {
        void ended(String run, boolean delivered);
    }

    /** One call, without anything secret. */
    private record Call(boolean delivered, boolean mayHelpAgain, String how) {}

    private final URI address;
    private final String token;
    private final List<Duration> pauses;
    private final Results results;
    private final Duration timeout;
    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(TIMEOUT)
            // A redirection would take the token to somebody else.
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final ObjectMapper mapper = new ObjectMapper();
    private final ThreadPoolExecutor sender =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
                Thread thread = new Thread(task, "webhook");
                thread.setDaemon(true);
                return thread;
            });

    /**
     * A webhook.
     *
     * @param url http or https
     * @param token sent as a bearer token; empty for none
     * @param pauses before each repetition
     * @throws BlocksmithException USER when {@code url} is none
     */
    public Webhook(String url, String token, List<Duration> pauses, Results results) {
        this(url, token, pauses, TIMEOUT, results);
    }

    Webhook(String url, String token, List<Duration> pauses, Duration timeout, Results results) {
        this.address = address(url);
        if (!token.matches("[!-~]*")) {
            throw BlocksmithException.user(
                    "webhook.token: expected ASCII characters without blanks and line breaks, found"
                            + " others (not shown: it is secret)");
        }
        this.token = token;
        this.pauses = List.copyOf(pauses);
        this.timeout = timeout;
        this.results = results;
    }

    /** Repeated three times, within about half a minute. */
    public static List<Duration> standardPauses() {
        return List.of(Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(25));
    }

    private static URI address(String url) {
        try {
            URI uri = new URI(url);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // The message would tell the address.
            throw notAnAddress();
        }
        throw notAnAddress();
    }

    private static BlocksmithException notAnAddress() {
        return BlocksmithException.user(
                "webhook.url: expected an address like https://host/path (not shown: it is secret)");
    }

    /** Sends {@code message}, soon, with the name of the run as {@code run}. */
    public void tell(String run, Map<String, Object> message) {
        Map<String, Object> named = new LinkedHashMap<>();
        named.put("run", run);
        named.putAll(message);
        try {
            sender.execute(new Delivery(run, mapper.writeValueAsBytes(named)));
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("%s cannot be JSON: %s", named.keySet(), e.getMessage());
        } catch (RejectedExecutionException full) {
            LOG.warn(
                    "webhook to {}: {}, this call is dropped",
                    address.getHost(),
                    sender.isShutdown() ? "the process ends" : WAITING + " calls wait already");
            results.ended(run, false);
        }
    }

    /** A call that waits for its turn, with its repetitions. */
    private final class Delivery implements Runnable {
        private final String run;
        private final byte[] body;

        Delivery(String run, byte[] body) {
            this.run = run;
            this.body = body;
        }

        @Override
        public void run() {
            results.ended(run, deliver(body));
        }

        void drop() {
            results.ended(run, false);
        }
    }

    private boolean deliver(byte[] body) {
        for (int repeated = 0; ; repeated++) {
            Call call = call(body);
            if (call.delivered()) {
                return true;
            }
            if (!call.mayHelpAgain() || repeated == pauses.size()) {
                LOG.warn("webhook to {}: given up after {} calls: {}", address.getHost(), repeated + 1, call.how());
                return false;
            }
            try {
                Thread.sleep(pauses.get(repeated));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    private Call call(byte[] body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(timeout)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            int status = client.send(request.build(), BodyHandlers.discarding()).statusCode();
            boolean again = status >= 500 || status == TOO_MANY_REQUESTS || status == REQUEST_TIMEOUT;
            return new Call(status / 100 == 2, again, "status " + status);
        } catch (IOException e) {
            return new Call(false, true, e.getClass().getSimpleName());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Call(false, false, "interrupted");
        }
    }

    /** Waits for the calls that are under way, repetitions included, and ends. */
    @Override
    public void close() {
        sender.shutdown();
        Duration patience = pauses.stream().reduce(timeout, Duration::plus);
        try {
            if (!sender.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                drop();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            drop();
        } finally {
            client.close();
        }
    }

    /** Interrupts the call that is under way, which counts as failed then, and makes none of those that wait. */
    private void drop() {
        List<Runnable> waiting = sender.shutdownNow();
        for (Runnable call : waiting) {
            ((Delivery) call).drop();
        }
        LOG.warn(
                "webhook to {}: the process ends, {} calls that waited were not made",
                address.getHost(),
                waiting.size());
    }
}
