package io.blocksmith.run;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The port to what people ask of a run; calls block on storage and never come from an actor's own thread. */
public interface Requests {

    /** What is asked and not done, oldest first, by an id that {@link #done} takes. */
    SequencedMap<String, Request> pending();

    /** The request has had its effect, durably, or has none. */
    void done(String id);

    /** Nobody asks for anything. */
    static Requests none() {
        return new Requests() {
            @Override
            public SequencedMap<String, Request> pending() {
                return new LinkedHashMap<>();
            }

            @Override
            public void done(String id) {
                throw new IllegalArgumentException("nobody asked for " + id);
            }
        };
    }
}
