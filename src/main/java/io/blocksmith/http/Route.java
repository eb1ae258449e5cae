package io.blocksmith.http;

import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.util.ByteString;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One thing that can be asked.
 *
 * @param method GET or POST; POST changes something
 * @param path with parameters in braces, such as {@code /api/v1/runs/{run}}
 */
record Route(String method, String path, Handler handler) {

    /** Answers. */
    @FunctionalInterface
    interface Handler {
        CompletionStage<HttpResponse> answer(Call call);
    }

    /**
     * A request that found its route.
     *
     * @param parameters of the path
     * @param body empty unless the method is POST
     */
    record Call(HttpRequest request, Map<String, String> parameters, ByteString body) {
        String run() {
            return parameters.get("run");
        }
    }

    /** The parameters that make this route's path of {@code segments}; empty when it is another path. */
    Optional<Map<String, String>> match(List<String> segments) {
        List<String> pattern =
                path.equals("/") ? List.of() : List.of(path.substring(1).split("/"));
        if (pattern.size() != segments.size()) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < pattern.size(); i++) {
            String part = pattern.get(i);
            if (part.startsWith("{")) {
                parameters.put(part.substring(1, part.length() - 1), segments.get(i));
            } else if (!part.equals(segments.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(parameters);
    }
}
