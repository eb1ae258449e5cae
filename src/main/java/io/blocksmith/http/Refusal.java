package io.blocksmith.http;

import io.blocksmith.failure.BlocksmithException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request that gets an error for an answer: what is wrong, what was expected and found, what to do. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(Refusal.class);

    private final int status;
    private final String expected;
    private final String found;
    private final String toDo;

    private Refusal(int status, String what, String expected, String found, String toDo) {
        // It is an answer, not an accident: nobody reads its trace.
        super(what, null, false, false);
        this.status = status;
        this.expected = expected;
        this.found = found;
        this.toDo = toDo;
    }

    static Refusal of(int status, String what) {
        return new Refusal(status, what, "", "", "");
    }

    Refusal expected(String text) {
        return new Refusal(status, getMessage(), text, found, toDo);
    }

    Refusal found(String text) {
        return new Refusal(status, getMessage(), expected, text, toDo);
    }

    Refusal toDo(String text) {
        return new Refusal(status, getMessage(), expected, found, text);
    }

    int status() {
        return status;
    }

    /** As the answer's body has it; what does not apply is not there. */
    Map<String, Object> tree() {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("status", status);
        error.put("what", getMessage());
        putIfSaid(error, "expected", expected);
        putIfSaid(error, "found", found);
        putIfSaid(error, "to-do", toDo);
        return Map.of("error", error);
    }

    private static void putIfSaid(Map<String, Object> error, String key, String text) {
        if (!text.isEmpty()) {
            error.put(key, text);
        }
    }

    /** What to answer when {@code failure} kept a request from its answer. */
    static Refusal of(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return switch (cause) {
            case Refusal refusal -> refusal;
            case BlocksmithException known ->
                switch (known.category()) {
                    case USER -> of(400, known.getMessage());
                    case ENVIRONMENT, TRANSIENT, STORE_FULL, STORE_UNAVAILABLE, DAMAGED ->
                        of(503, known.getMessage()).toDo("try again when the store can be used");
                    case NOT_FINITE, DEVICE_MEMORY, HUNG, WORKER_LOST, DEFECT -> defect(known);
                };
            default -> defect(cause);
        };
    }

    private static Refusal defect(Throwable cause) {
        LOG.error("a request could not be answered", cause);
        return of(500, "this is a defect of Blocksmith").toDo("report it with what the log of this node says");
    }
}
