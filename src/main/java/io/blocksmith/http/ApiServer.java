package io.blocksmith.http;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.actor.CoordinatedShutdown;
import akka.http.javadsl.Http;
import akka.http.javadsl.ServerBinding;
import akka.http.javadsl.settings.ServerSettings;
import akka.stream.Materializer;
import akka.stream.javadsl.Sink;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.store.Lease;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** The API and the page of one process, at one address. */
public final class ApiServer implements AutoCloseable {
    /** Threads that wait for stores; apart from those of supervisors, which no listener may hold up. */
    private static final int STORE_THREADS = 4;

    private static final Duration FAREWELL = Duration.ofSeconds(2);
    /** A look is good for the listeners of the same second. */
    private static final double LASTS = 0.9;

    private final ExecutorService threads;
    private final RunLooks looks;
    private final RunStream stream;
    private final Doorway doorway;
    private final ServerBinding binding;
    private final String address;
    private final List<Route> routes;
    /** Null until somebody ends it: its user, or the actor system that shuts down. */
    private CompletionStage<Done> ended;

    private ApiServer(
            ExecutorService threads,
            RunLooks looks,
            RunStream stream,
            Doorway doorway,
            ServerBinding binding,
            String address,
            List<Route> routes) {
        this.threads = threads;
        this.looks = looks;
        this.stream = stream;
        this.doorway = doorway;
        this.binding = binding;
        this.address = address;
        this.routes = routes;
    }

    /**
     * Serves {@code directory} until it is closed or {@code system} shuts down.
     *
     * @param processes of this machine
     * @param member whether this node belongs to its cluster, if it should
     * @throws BlocksmithException ENVIRONMENT when nobody can listen there
     */
    public static ApiServer start(
            ClassicActorSystemProvider system,
            ApiSettings settings,
            RunDirectory directory,
            Lease.Processes processes,
            BooleanSupplier member) {
        return start(system, settings, directory, processes, member, StreamPace.STANDARD);
    }

    static ApiServer start(
            ClassicActorSystemProvider system,
            ApiSettings settings,
            RunDirectory directory,
            Lease.Processes processes,
            BooleanSupplier member,
            StreamPace pace) {
        return start(system, settings, directory, processes, member, pace, Doorway.Limits.STANDARD);
    }

    static ApiServer start(
            ClassicActorSystemProvider system,
            ApiSettings settings,
            RunDirectory directory,
            Lease.Processes processes,
            BooleanSupplier member,
            StreamPace pace,
            Doorway.Limits limits) {
        ExecutorService threads = Executors.newFixedThreadPool(
                STORE_THREADS,
                Thread.ofPlatform().daemon().name("http-store-", 0).factory());
        Duration lasts = Duration.ofNanos((long) (LASTS * pace.lookEvery().toNanos()));
        RunLooks looks = new RunLooks(directory, processes, lasts, threads);
        RunStream stream = new RunStream(looks, pace);
        String self = "http://%s:%d".formatted(name(settings.host()), settings.port());
        List<Route> routes = Stream.of(
                        new PageRoutes(settings).routes(),
                        new NodeRoutes(settings, self, looks, member).routes(),
                        new ReadRoutes(looks, stream).routes(),
                        new RequestRoutes(directory, looks, threads, "api@" + processes.host()).routes())
                .flatMap(List::stream)
                .toList();
        Routes answers = new Routes(new Access(settings, self), new RequestBody(system), routes, Routes.PATIENCE);
        Doorway doorway = new Doorway(system, limits, answers::answer);
        ServerBinding binding = bound(system, settings, doorway);
        ApiServer server = new ApiServer(threads, looks, stream, doorway, binding, self, routes);
        CoordinatedShutdown.get(system).addTask(CoordinatedShutdown.PhaseServiceUnbind(), "api", server::end);
        return server;
    }

    /**
     * Finds out whether a server could listen there, before there is anything else to undo.
     *
     * @throws BlocksmithException ENVIRONMENT when nobody can
     */
    public static void requireFree(ApiSettings settings) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(settings.host(), settings.port()));
        } catch (IOException failure) {
            throw cannotListen(settings, failure);
        }
    }

    private static BlocksmithException cannotListen(ApiSettings settings, Throwable failure) {
        return BlocksmithException.environment(
                failure,
                "http.port = %d: cannot listen at %s:%d: %s; choose another port, or 0 for neither API nor page",
                settings.port(),
                settings.host(),
                settings.port(),
                reason(failure));
    }

    private static ServerBinding bound(ClassicActorSystemProvider system, ApiSettings settings, Doorway doorway) {
        Config config = ConfigFactory.parseResources(ApiServer.class, "/http.conf")
                .withFallback(system.classicSystem().settings().config());
        try {
            return Http.get(system)
                    .newServerAt(settings.host(), settings.port())
                    .withSettings(ServerSettings.create(config))
                    .connectionSource()
                    .to(Sink.foreach(doorway::enter))
                    .run(Materializer.createMaterializer(system))
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException failure) {
            throw cannotListen(settings, failure.getCause());
        }
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }

    /** How others reach this server: a server that listens everywhere is called by the name of its machine. */
    private static String name(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            String name =
                    address.isAnyLocalAddress() ? InetAddress.getLocalHost().getHostName() : host;
            return name.contains(":") && !name.startsWith("[") ? "[" + name + "]" : name;
        } catch (UnknownHostException nameless) {
            return host;
        }
    }

    /** Where the page is. */
    public String address() {
        return address;
    }

    List<Route> routes() {
        return routes;
    }

    /** Connections now. */
    int guests() {
        return doorway.guests();
    }

    /** Listeners of streams now. */
    int listeners() {
        return stream.listeners();
    }

    /** Takes no more requests, gives listeners their last word, and releases the port. */
    private synchronized CompletionStage<Done> end() {
        if (ended == null) {
            ended = binding.unbind()
                    .thenCompose(unbound -> stream.end(FAREWELL))
                    .thenCompose(told -> binding.terminate(FAREWELL))
                    .thenApply(terminated -> {
                        doorway.close();
                        looks.close();
                        threads.shutdown();
                        return Done.getInstance();
                    });
        }
        return ended;
    }

    @Override
    public void close() {
        end().toCompletableFuture().join();
    }
}
