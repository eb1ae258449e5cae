package io.blocksmith.http;

import akka.http.javadsl.model.HttpResponse;
import akka.util.ByteString;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

/** What can be seen of this node itself. */
final class NodeRoutes {
    private final ApiSettings settings;
    private final String self;
    private final RunLooks looks;
    private final BooleanSupplier member;

    /**
     * The routes of a server.
     *
     * @param self its address, {@code http://HOST:PORT}
     * @param member whether the node belongs to its cluster, if it should
     */
    NodeRoutes(ApiSettings settings, String self, RunLooks looks, BooleanSupplier member) {
        this.settings = settings;
        this.self = self;
        this.looks = looks;
        this.member = member;
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/api/v1/cluster", call -> answered(cluster())),
                new Route(
                        "GET",
                        "/api/v1/openapi.json",
                        call -> answered(Answers.json(200, ByteString.fromArrayUnsafe(Resources.bytes("openapi.json"))))),
                new Route("GET", "/health/alive", call -> answered(Answers.json(200, Map.of("alive", true)))),
                new Route("GET", "/health/ready", call -> ready()));
    }

    private static CompletionStage<HttpResponse> answered(HttpResponse answer) {
        return CompletableFuture.completedStage(answer);
    }

    private HttpResponse cluster() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("self", self);
        tree.put("peers", settings.peers());
        tree.put("can-change", settings.canChange());
        tree.put(
                "version",
                Objects.requireNonNullElse(NodeRoutes.class.getPackage().getImplementationVersion(), "development"));
        return Answers.json(200, tree);
    }

    /** Says little, because anybody may ask. */
    private CompletionStage<HttpResponse> ready() {
        return looks.names().handle((names, failure) -> {
            boolean store = failure == null;
            boolean up = member.getAsBoolean();
            return Answers.json(store && up ? 200 : 503, Map.of("ready", store && up, "store", store, "member", up));
        });
    }
}
