package io.blocksmith.http;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.FreePort;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Lease;
import io.blocksmith.store.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A server on a free port of loopback, over run folders below one folder; and a client of it. */
final class TestServer implements AutoCloseable {
    static final String TOKEN = "0a-secret_token.1";
    static final Lease.Processes PROCESSES = new Lease.Processes() {
        @Override
        public String host() {
            return "host";
        }

        @Override
        public boolean isAlive(long pid) {
            return false;
        }
    };

    private static final ObjectMapper JSON = new ObjectMapper();

    private final ActorSystem<Void> system;
    private final ApiServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI base;
    /** Stores that were opened for looking, so far. */
    final AtomicInteger opened = new AtomicInteger();
    /** What the server takes for its membership. */
    final AtomicBoolean member = new AtomicBoolean(true);

    private TestServer(Path folder, ApiSettings settings, StreamPace pace, UnaryOperator<ObjectStore> around) {
        this(folder, settings, pace, around, Doorway.Limits.STANDARD);
    }

    private TestServer(
            Path folder,
            ApiSettings settings,
            StreamPace pace,
            UnaryOperator<ObjectStore> around,
            Doorway.Limits limits) {
        this.system = ActorSystem.create(Behaviors.empty(), "test", ConfigFactory.load("embedded"));
        this.base = URI.create("http://127.0.0.1:" + settings.port());
        this.server =
                ApiServer.start(system, settings, directory(folder, around), PROCESSES, member::get, pace, limits);
    }

    static TestServer over(Path folder) {
        return over(folder, settings("127.0.0.1", TOKEN));
    }

    /** One that lets in as many as {@code limits} say. */
    static TestServer over(Path folder, Doorway.Limits limits) {
        return new TestServer(
                folder, settings("127.0.0.1", TOKEN), StreamPace.STANDARD, UnaryOperator.identity(), limits);
    }

    static TestServer over(Path folder, ApiSettings settings) {
        return new TestServer(folder, settings, StreamPace.STANDARD, UnaryOperator.identity());
    }

    /** One whose streams have another pace, with every store that is looked at as {@code around} makes it. */
    static TestServer over(Path folder, StreamPace pace, UnaryOperator<ObjectStore> around) {
        return new TestServer(folder, settings("127.0.0.1", TOKEN), pace, around);
    }

    static ApiSettings settings(String host, String token, String... peers) {
        return new ApiSettings(host, FreePort.find(), token, List.of(peers));
    }

    private RunDirectory directory(Path folder, UnaryOperator<ObjectStore> around) {
        return new RunDirectory() {
            @Override
            public List<String> names() {
                try (Stream<Path> runs = Files.list(folder)) {
                    return runs.map(run -> run.getFileName().toString())
                            .sorted()
                            .toList();
                } catch (IOException e) {
                    throw BlocksmithException.environment(e, "%s: cannot be read", folder);
                }
            }

            @Override
            public String where(String run) {
                return "runs/" + run;
            }

            @Override
            public ObjectStore look(String run) {
                opened.incrementAndGet();
                return around.apply(DirectoryStore.open(folder.resolve(run)));
            }

            @Override
            public ObjectStore write(String run) {
                return DirectoryStore.openForWriting(folder.resolve(run), "api-" + UUID.randomUUID());
            }
        };
    }

    ApiServer server() {
        return server;
    }

    int port() {
        return base.getPort();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(base.resolve(path)).timeout(Duration.ofSeconds(60));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    HttpResponse<String> get(String path) {
        return send(request(path));
    }

    /** With the right token. */
    HttpResponse<String> post(String path, String body) {
        return send(request(path).header("Authorization", "Bearer " + TOKEN).POST(BodyPublishers.ofString(body)));
    }

    static JsonNode json(HttpResponse<String> answer) {
        return json(answer.body());
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    @Override
    public void close() {
        server.close();
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
        client.close();
    }
}
