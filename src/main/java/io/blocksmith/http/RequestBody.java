package io.blocksmith.http;

import akka.actor.ClassicActorSystemProvider;
import akka.http.javadsl.model.HttpRequest;
import akka.http.scaladsl.model.EntityStreamSizeException;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Bodies of requests, which are small or refused. */
final class RequestBody {
    /** The limit of {@code http.conf} says the same to whatever reads past this class. */
    static final int MOST_BYTES = 16 * 1024;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ClassicActorSystemProvider system;

    RequestBody(ClassicActorSystemProvider system) {
        this.system = system;
    }

    CompletionStage<ByteString> read(HttpRequest request) {
        if (request.entity().getContentLengthOption().orElse(0) > MOST_BYTES) {
            throw tooLarge();
        }
        return request.entity()
                .toStrict(PATIENCE.toMillis(), MOST_BYTES, system)
                .handle((strict, failure) -> {
                    if (failure == null) {
                        return strict.getData();
                    }
                    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
                    throw cause instanceof EntityStreamSizeException
                            ? tooLarge()
                            : Refusal.of(400, "the body of the request did not come whole")
                                    .found(cause.getMessage());
                });
    }

    private static Refusal tooLarge() {
        return Refusal.of(413, "the body of the request is too large")
                .expected("at most %d bytes".formatted(MOST_BYTES));
    }

    /** Reads over what is left. */
    void drop(HttpRequest request) {
        request.discardEntityBytes(system);
    }
}
