package io.blocksmith.http;

import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.Uri;
import akka.http.scaladsl.model.IllegalUriException;
import io.blocksmith.run.RunState;
import io.blocksmith.run.StageState.Committed;
import io.blocksmith.stage.StoredCurves;
import io.blocksmith.status.EventJson;
import io.blocksmith.status.RunSight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** What can be seen of runs. */
final class ReadRoutes {
    private static final String RUN = "/api/v1/runs/{run}";

    /** How long the list of runs waits for one of them. */
    private static final Duration ROW_PATIENCE = Duration.ofSeconds(5);

    private final RunLooks looks;
    private final RunStream stream;

    ReadRoutes(RunLooks looks, RunStream stream) {
        this.looks = looks;
        this.stream = stream;
    }

    List<Route> routes() {
        return List.of(
                new Route("GET", "/api/v1/runs", call -> runs()),
                new Route("GET", RUN, this::run),
                new Route("GET", RUN + "/stream", call -> stream.of(call.run())),
                new Route("GET", RUN + "/events", this::events),
                new Route("GET", RUN + "/curves/{stage}", this::curves));
    }

    private CompletionStage<HttpResponse> runs() {
        return looks.names().thenCompose(names -> {
            List<CompletableFuture<Map<String, Object>>> rows = names.stream()
                    .map(name -> looks.inShort(name)
                            .handle((seen, failure) -> row(name, seen))
                            .toCompletableFuture()
                            .completeOnTimeout(row(name, null), ROW_PATIENCE.toMillis(), TimeUnit.MILLISECONDS))
                    .toList();
            return CompletableFuture.allOf(rows.toArray(CompletableFuture[]::new))
                    .thenApply(done -> Answers.json(
                            200,
                            Map.of(
                                    "runs",
                                    rows.stream().map(CompletableFuture::join).toList())));
        });
    }

    /** A run that cannot be looked at, or takes long, must not hide the others: it has a name and nothing more. */
    private static Map<String, Object> row(String name, OpenRun.Seen seen) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("run", name);
        row.put(
                "phase",
                seen == null ? null : seen.sight().state().phase().name().toLowerCase(Locale.ROOT));
        row.put("percent", seen == null ? null : finite(100 * seen.sight().fraction()));
        row.put(
                "seconds-left",
                seen == null ? null : finite(seen.sight().secondsLeft().orElse(Double.NaN)));
        row.put("stale", seen == null || isStale(seen.sight()));
        return row;
    }

    private static boolean isStale(RunSight sight) {
        return sight.state().isSupervised() && sight.pulse() != RunSight.Pulse.LIVE;
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private CompletionStage<HttpResponse> run(Route.Call call) {
        return looks.lately(call.run())
                .thenApply(seen ->
                        EntityTag.unlessSeen(call.request(), seen.tag(), () -> Answers.json(200, seen.document())));
    }

    private CompletionStage<HttpResponse> events(Route.Call call) {
        String given = after(call);
        if (!given.matches("[0-9]{1,18}")) {
            throw Refusal.of(400, "after: no number of an event")
                    .expected("a whole number; events count from 1, 0 asks for all")
                    .found(given);
        }
        long after = Long.parseLong(given);
        return looks.lately(call.run())
                .thenApply(seen -> Answers.json(
                        200, Map.of("events", EventJson.after(seen.sight().events(), after))));
    }

    private static String after(Route.Call call) {
        Uri uri = call.request().getUri();
        try {
            return uri.query().get("after").orElse("0");
        } catch (IllegalUriException malformed) {
            throw Refusal.of(400, "the query of this address is malformed")
                    .expected("after=NUMBER")
                    .found(uri.rawQueryString().orElse(""));
        }
    }

    private CompletionStage<HttpResponse> curves(Route.Call call) {
        String stage = call.parameters().get("stage");
        return looks.lately(call.run())
                .thenCompose(seen -> looks.with(
                        call.run(),
                        run -> StoredCurves.read(
                                run.store(), committed(seen.sight().state(), stage))))
                .thenApply(curves -> Answers.json(200, curves(stage, curves.orElseThrow(() -> notThere(stage)))));
    }

    private static Committed committed(RunState state, String stage) {
        return state.committed().stream()
                .filter(committed -> committed.ticket().stage().key().equals(stage))
                .findFirst()
                .orElseThrow(() -> notThere(stage));
    }

    private static Refusal notThere(String stage) {
        return Refusal.of(404, "there are no curves of this stage")
                .expected("a stage that trains and has committed, such as block-000")
                .found(stage);
    }

    private static Map<String, Object> curves(String stage, StoredCurves curves) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("stage", stage);
        tree.put("training", points(curves.training()));
        tree.put("validation", points(curves.validation()));
        return tree;
    }

    private static List<List<Object>> points(List<StoredCurves.Point> points) {
        List<List<Object>> pairs = new ArrayList<>();
        for (StoredCurves.Point point : points) {
            if (Double.isFinite(point.loss())) {
                pairs.add(List.of(point.step(), point.loss()));
            }
        }
        return pairs;
    }
}
