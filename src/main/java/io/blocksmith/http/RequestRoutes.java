package io.blocksmith.http;

import akka.http.javadsl.model.HttpResponse;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.status.RequestEffect;
import io.blocksmith.status.RunSight;
import io.blocksmith.status.StageRetry;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** What can be asked of runs. A request goes into the run's store; its supervisor, wherever it is, finds it there. */
final class RequestRoutes {
    private static final String RUN = "/api/v1/runs/{run}/";
    private static final int LONGEST_NAME = 200;
    /** Letters of any script, but nothing that moves a terminal's cursor or breaks a line: the name goes into logs. */
    private static final String NAME = "[^\\p{C}\\p{Zl}\\p{Zp}]+";

    private static final int MOST_WAITING = 100;

    private final RunDirectory directory;
    private final RunLooks looks;
    private final Executor threads;
    private final String by;

    /**
     * The routes of a server.
     *
     * @param threads that may wait for a store
     * @param by who asks, for people
     */
    RequestRoutes(RunDirectory directory, RunLooks looks, Executor threads, String by) {
        this.directory = directory;
        this.looks = looks;
        this.threads = threads;
        this.by = by;
    }

    List<Route> routes() {
        return List.of(
                new Route("POST", RUN + "pause", call -> ask(call, plain(call, new Request.Pause(by)))),
                new Route("POST", RUN + "resume", call -> ask(call, plain(call, new Request.Resume(by)))),
                new Route("POST", RUN + "cancel", call -> ask(call, plain(call, new Request.Cancel(by)))),
                new Route("POST", RUN + "retry", call -> ask(call, retry(call))),
                new Route("POST", RUN + "drain", call -> ask(call, plain(new Request.Drain(by, worker(call))))),
                new Route("POST", RUN + "undrain", call -> ask(call, plain(new Request.Undrain(by, worker(call))))));
    }

    private static Function<RunSight, Request> plain(Request request) {
        return seen -> request;
    }

    private static Function<RunSight, Request> plain(Route.Call call, Request request) {
        Json.body(call.body(), Set.of());
        return plain(request);
    }

    private static String worker(Route.Call call) {
        return text(Json.body(call.body(), Set.of("worker")), "worker");
    }

    private Function<RunSight, Request> retry(Route.Call call) {
        JsonNode body = Json.body(call.body(), Set.of("stage", "yes"));
        String wanted = text(body, "stage");
        JsonNode yes = body.path("yes");
        if (!yes.isMissingNode() && !yes.isBoolean()) {
            throw Refusal.of(400, "yes: no truth value")
                    .expected("true or false")
                    .found(yes.toString());
        }
        return seen -> retry(seen, wanted, yes.asBoolean(false));
    }

    private Request retry(RunSight seen, String wanted, boolean yes) {
        return switch (StageRetry.of(seen.plan(), seen.state(), wanted, yes)) {
            case StageRetry.Unknown(String found, String expected) ->
                throw Refusal.of(404, "there is no such stage")
                        .expected(expected)
                        .found(found);
            case StageRetry.Runs(Stage stage, String worker) ->
                throw Refusal.of(409, "%s runs now on %s".formatted(stage.key(), worker))
                        .toDo("wait for it, or pause the run first");
            case StageRetry.HasResult(Stage stage) ->
                throw Refusal.of(409, stage.key() + " has its result")
                        .toDo("send \"yes\": true to have it made again, which takes as long as the first time");
            case StageRetry.Allowed(Stage stage) -> new Request.Retry(by, stage);
        };
    }

    private static String text(JsonNode body, String key) {
        JsonNode value = body.path(key);
        String text = value.asText();
        if (!value.isTextual() || text.isBlank() || text.length() > LONGEST_NAME || !text.matches(NAME)) {
            throw Refusal.of(400, key + ": missing, or no name")
                    .expected("a text of at most %d characters, none of them a control character"
                            .formatted(LONGEST_NAME));
        }
        return text;
    }

    private CompletionStage<HttpResponse> ask(Route.Call call, Function<RunSight, Request> wanted) {
        return looks.afresh(call.run()).thenApplyAsync(seen -> asked(call.run(), wanted, seen.sight()), threads);
    }

    private HttpResponse asked(String run, Function<RunSight, Request> wanted, RunSight seen) {
        Request request = wanted.apply(seen);
        RunState state = seen.state();
        if (state.phase() == Phase.COMPLETED && !(request instanceof Request.Retry)) {
            throw Refusal.of(409, "the run is complete: there is nothing to ask of it");
        }
        Optional<String> already = RequestEffect.alreadySo(request, state);
        if (already.isPresent()) {
            throw Refusal.of(409, already.get());
        }
        String id = waiting(request, seen.requests()).orElseGet(() -> asked(run, request, seen));
        return Answers.json(202, Map.of("request", id, "asks", RequestEffect.name(request)));
    }

    /** Whoever has not heard an answer asks once more, and should not find its request there twice. */
    private static Optional<String> waiting(Request request, Map<String, Request> pending) {
        return pending.entrySet().stream()
                .filter(other -> subject(other.getValue()).equals(subject(request)))
                // An older one would be undone by what was asked after it.
                .reduce((older, newer) -> newer)
                .filter(newest -> RequestEffect.name(newest.getValue()).equals(RequestEffect.name(request)))
                .map(Map.Entry::getKey);
    }

    /** What one request can undo of another. */
    private static String subject(Request request) {
        return switch (request) {
            case Request.Pause _, Request.Resume _, Request.Cancel _ -> "";
            case Request.Retry retry -> retry.stage().key();
            case Request.Drain drain -> "worker " + drain.worker();
            case Request.Undrain undrain -> "worker " + undrain.worker();
        };
    }

    private String asked(String run, Request request, RunSight seen) {
        if (seen.requests().size() >= MOST_WAITING) {
            throw Refusal.of(
                            429,
                            "%d requests wait for this run's supervisor"
                                    .formatted(seen.requests().size()))
                    .expected("fewer than %d".formatted(MOST_WAITING))
                    .toDo("see whether anybody supervises the run: it takes requests within seconds");
        }
        try (ObjectStore store = directory.write(run)) {
            return new RequestBox(store, InstantSource.system(), UUID::randomUUID).ask(request);
        }
    }
}
