package io.blocksmith.http;

import akka.Done;
import akka.NotUsed;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.headers.Connection;
import akka.japi.Pair;
import akka.stream.KillSwitches;
import akka.stream.SharedKillSwitch;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A run as a stream of server-sent events. Each listener asks at its own pace for what was seen lately, which is one look
 * for all of them; one that is slow to take what it asked for asks less often, and has nothing kept for it.
 */
final class RunStream {
    /** What a stream has ended with is on its way for a moment more. */
    private static final Executor LAST_BYTES = CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS);

    private final RunLooks looks;
    private final StreamPace pace;
    private final SharedKillSwitch end = KillSwitches.shared("streams");
    /** By listener, completed when it is gone. */
    private final Map<UUID, CompletableFuture<Done>> listeners = new ConcurrentHashMap<>();

    private enum Look {
        LATELY,
        /** At the end: listeners are to see what came of the run. */
        AFRESH
    }

    /** A look or why there was none. */
    private record Told(OpenRun.Seen seen, Throwable failure) {}

    RunStream(RunLooks looks, StreamPace pace) {
        this.looks = looks;
        this.pace = pace;
    }

    /** Listeners now. */
    int listeners() {
        return listeners.size();
    }

    /** Ends all streams after one last look; completed when the listeners have it, or are too slow for it. */
    CompletionStage<Void> end(Duration patience) {
        end.shutdown();
        if (listeners.isEmpty()) {
            return CompletableFuture.completedStage(null);
        }
        return CompletableFuture.allOf(listeners.values().toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS)
                .handleAsync((told, gone) -> null, LAST_BYTES);
    }

    /** A stream of the run, which must be there. */
    CompletionStage<HttpResponse> of(String run) {
        return looks.lately(run)
                .thenApply(seen -> HttpResponse.create()
                        .withEntity(HttpEntities.create(MediaTypes.TEXT_EVENT_STREAM.toContentType(), events(run)))
                        .addHeader(Answers.header("Cache-Control", "no-store"))
                        // A stream that has ended takes its connection along, in order, before the server cuts what is
                        // open.
                        .addHeader(Connection.create("close"))
                        // A proxy that collects answers would keep the page waiting.
                        .addHeader(Answers.header("X-Accel-Buffering", "no")));
    }

    private Source<ByteString, NotUsed> events(String run) {
        return Source.tick(Duration.ZERO, pace.lookEvery(), Look.LATELY)
                .via(end.flow())
                .concat(Source.single(Look.AFRESH))
                .mapAsync(1, look -> told(run, look))
                .statefulMap(
                        () -> new StreamText(pace, System::nanoTime),
                        (text, told) -> Pair.create(
                                text, told.failure() == null ? text.seen(told.seen()) : text.failed(told.failure())),
                        text -> Optional.empty())
                .filter(text -> !text.isEmpty())
                .backpressureTimeout(pace.patience())
                .watchTermination((ticks, over) -> {
                    UUID listener = UUID.randomUUID();
                    listeners.put(listener, over.toCompletableFuture());
                    over.whenComplete((done, failure) -> listeners.remove(listener));
                    return NotUsed.getInstance();
                });
    }

    private CompletionStage<Told> told(String run, Look look) {
        CompletionStage<OpenRun.Seen> seen = switch (look) {
            case LATELY -> looks.lately(run);
            case AFRESH -> looks.afresh(run);
        };
        return seen.handle(Told::new);
    }
}
