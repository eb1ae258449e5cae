package io.blocksmith.http;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.util.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** From a request to its answer: first who may, then what is asked, and an error in JSON for everything else. */
final class Routes {
    /** Sooner than the {@code request-timeout} of {@code http.conf}, whose answer no program could read. */
    static final Duration PATIENCE = Duration.ofSeconds(25);

    private static final String API = "api";

    private final Access access;
    private final RequestBody bodies;
    private final List<Route> routes;
    private final Duration patience;

    /**
     * Routes of a server.
     *
     * @param patience how long an answer may take to begin
     */
    Routes(Access access, RequestBody bodies, List<Route> routes, Duration patience) {
        this.access = access;
        this.bodies = bodies;
        this.routes = List.copyOf(routes);
        this.patience = patience;
    }

    CompletionStage<HttpResponse> answer(HttpRequest request) {
        List<String> segments = new ArrayList<>();
        request.getUri().pathSegments().forEach(segments::add);
        boolean api = !segments.isEmpty() && segments.getFirst().equals(API);
        CompletionStage<HttpResponse> answer;
        try {
            answer = routed(request, segments, api);
        } catch (RuntimeException failure) {
            answer = CompletableFuture.failedStage(failure);
        }
        return inTime(answer).exceptionally(Answers::error).thenApply(response -> {
            // What nobody has read would keep the connection from its next request.
            bodies.drop(request);
            HttpResponse safe =
                    Compression.of(request, response).addHeader(Answers.header("X-Content-Type-Options", "nosniff"));
            return api ? access.shared(request, safe) : safe;
        });
    }

    /** The answer itself, which others may wait for, goes on. */
    private CompletionStage<HttpResponse> inTime(CompletionStage<HttpResponse> answer) {
        return answer.toCompletableFuture()
                .copy()
                .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(failure -> CompletableFuture.failedStage(
                        failure instanceof TimeoutException
                                ? Refusal.of(
                                                503,
                                                "the store has not answered within %d s"
                                                        .formatted(patience.toSeconds()))
                                        .toDo("look again; what was asked may be done all the same")
                                : failure));
    }

    private CompletionStage<HttpResponse> routed(HttpRequest request, List<String> segments, boolean api) {
        access.requireHost(request);
        String method = request.method().value();
        if (api && method.equals("OPTIONS")) {
            return CompletableFuture.completedStage(access.preflight(request));
        }
        boolean changes = !method.equals("GET");
        if (api) {
            access.requireToken(request, changes);
        }
        List<String> others = new ArrayList<>();
        for (Route route : routes) {
            Optional<Map<String, String>> parameters = route.match(segments);
            if (parameters.isPresent() && route.method().equals(method)) {
                return changes
                        ? bodies.read(request)
                                .thenCompose(
                                        body -> route.handler().answer(new Route.Call(request, parameters.get(), body)))
                        : route.handler()
                                .answer(new Route.Call(request, parameters.get(), ByteString.emptyByteString()));
            }
            parameters.ifPresent(ignored -> others.add(route.method()));
        }
        if (others.isEmpty()) {
            throw Refusal.of(404, "there is nothing here")
                    .found(request.getUri().getPathString())
                    .toDo("GET /api/v1/openapi.json tells what there is");
        }
        String allowed = others.stream().distinct().collect(Collectors.joining(", "));
        HttpResponse refusal = Answers.error(
                Refusal.of(405, "this cannot be done here").expected(allowed).found(method));
        return CompletableFuture.completedStage(refusal.addHeader(Answers.header("Allow", allowed)));
    }
}
