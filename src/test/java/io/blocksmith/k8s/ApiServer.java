package io.blocksmith.k8s;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.blocksmith.cluster.Certificates;
import io.fabric8.kubernetes.api.model.ListMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodListBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The one call of the Kubernetes API that nodes make, over TLS on loopback: it lists those pods of one namespace whose
 * labels a selector asks for, to whoever has the service account's token.
 */
final class ApiServer implements AutoCloseable {
    static final String NAMESPACE = "quantization";

    private final Path account;
    private final String token = UUID.randomUUID().toString();
    private final HttpsServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Pod> pods = new CopyOnWriteArrayList<>();
    private final Set<String> selectors = new ConcurrentSkipListSet<>();
    private final AtomicInteger answers = new AtomicInteger();
    private final List<String> refused = new CopyOnWriteArrayList<>();

    /** Starts the server; {@code folder} gets what Kubernetes mounts into a pod: ca.crt, token, namespace. */
    ApiServer(Path folder) throws IOException, GeneralSecurityException {
        account = Files.createDirectories(folder.resolve("serviceaccount"));
        Certificates certificates = new Certificates(Files.createDirectories(folder.resolve("authority")));
        Files.copy(certificates.authority(), account.resolve("ca.crt"));
        Files.writeString(account.resolve("token"), token);
        Files.writeString(account.resolve("namespace"), NAMESPACE);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(identity(certificates.signed("api"))));
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    private static SSLContext identity(Path store) throws GeneralSecurityException, IOException {
        char[] password = Certificates.PASSWORD.toCharArray();
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(KeyStore.getInstance(store.toFile(), password), password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String selector = selector(exchange);
            String trouble = trouble(exchange, path, selector);
            if (!trouble.isEmpty()) {
                refused.add(trouble);
                exchange.sendResponseHeaders(403, -1);
                return;
            }
            selectors.add(selector);
            answers.incrementAndGet();
            byte[] body = Serialization.asJson(new PodListBuilder()
                            .withMetadata(new ListMetaBuilder()
                                    .withResourceVersion("1")
                                    .build())
                            .withItems(pods.stream()
                                    .filter(pod -> matches(selector, pod))
                                    .toList())
                            .build())
                    .getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static String selector(HttpExchange exchange) {
        String query = exchange.getRequestURI().getRawQuery();
        String prefix = "labelSelector=";
        return query != null && query.startsWith(prefix)
                ? URLDecoder.decode(query.substring(prefix.length()), UTF_8)
                : "";
    }

    private String trouble(HttpExchange exchange, String path, String selector) {
        if (!("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            return "a request without the service account's token";
        }
        if (!exchange.getRequestMethod().equals("GET") || !path.equals("/api/v1/namespaces/" + NAMESPACE + "/pods")) {
            return exchange.getRequestMethod() + " " + path;
        }
        return selector.isEmpty() ? "a request for all pods" : "";
    }

    /** {@code a=b,c=d}: all of these labels. */
    private static boolean matches(String selector, Pod pod) {
        return Arrays.stream(selector.split(",")).allMatch(term -> {
            String[] sides = term.split("=", 2);
            return sides[1].equals(pod.getMetadata().getLabels().get(sides[0]));
        });
    }

    void add(Pod pod) {
        pods.add(pod);
    }

    int port() {
        return server.getAddress().getPort();
    }

    /** What Kubernetes mounts into a pod. */
    Path account() {
        return account;
    }

    /** How often pods were listed so far. */
    int answers() {
        return answers.get();
    }

    /** All label selectors that were asked for. */
    Set<String> selectors() {
        return Set.copyOf(selectors);
    }

    /** Requests that a service account of ours would not be allowed. */
    List<String> refused() {
        return List.copyOf(refused);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
