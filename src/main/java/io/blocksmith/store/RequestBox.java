package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.run.Request;
import io.blocksmith.run.Requests;
import java.io.IOException;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people ask of a run, as objects {@code requests/ID.json} in its store: whoever can write there may ask, whether or
 * not a supervisor lives. Ids sort by the time of whoever asked; two people who ask within one clock's error have no order
 * that they could know of.
 */
public final class RequestBox implements Requests {
    private static final Logger LOG = LoggerFactory.getLogger(RequestBox.class);
    private static final int VERSION = 1;
    private static final String SUFFIX = ".json";
    private static final String SET_ASIDE = RunNames.REQUESTS + "set-aside/";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmssSSS").withZone(ZoneOffset.UTC);
    private static final int UNIQUE_DIGITS = 8;

    private record Asked(int version, Request request) {}

    private final ObjectStore store;
    private final InstantSource clock;
    private final Supplier<UUID> unique;

    /**
     * The requests of one run.
     *
     * @param clock orders what is asked here
     * @param unique keeps apart what is asked in the same millisecond
     */
    public RequestBox(ObjectStore store, InstantSource clock, Supplier<UUID> unique) {
        this.store = store;
        this.clock = clock;
        this.unique = unique;
    }

    /** Asks, durably. */
    public String ask(Request request) {
        byte[] content = write(request);
        while (true) {
            String id = TIME.format(clock.instant()) + "-"
                    + unique.get().toString().replace("-", "").substring(0, UNIQUE_DIGITS);
            if (store.createIfAbsent(name(id), content)) {
                return id;
            }
        }
    }

    /** Whether the request has not been {@link #done} yet. */
    public boolean isPending(String id) {
        return store.exists(name(id));
    }

    /** Sets aside what is no request, so only whoever supervises the run may ask for it; others look at {@link #shown}. */
    @Override
    public SequencedMap<String, Request> pending() {
        return requests(this::setAside);
    }

    /** The same for whoever only looks: reads over what is no request, and writes nothing. */
    public SequencedMap<String, Request> shown() {
        return requests((name, content, why) -> LOG.debug("{} is no request: {}", store.where(name), why));
    }

    /** What becomes of an object that is no request. */
    private interface Foreign {
        void found(String name, byte[] content, String why);
    }

    private SequencedMap<String, Request> requests(Foreign foreign) {
        SequencedMap<String, Request> requests = new LinkedHashMap<>();
        for (String name : store.list(RunNames.REQUESTS)) {
            String id = name.substring(RunNames.REQUESTS.length());
            if (!id.contains("/")) {
                // Gone when somebody else was faster.
                store.find(name)
                        .ifPresent(content -> read(name, content, foreign)
                                .ifPresent(request -> requests.put(
                                        id.endsWith(SUFFIX) ? id.substring(0, id.length() - SUFFIX.length()) : id,
                                        request)));
            }
        }
        return requests;
    }

    @Override
    public void done(String id) {
        store.delete(name(id));
    }

    private static String name(String id) {
        return RunNames.REQUESTS + id + SUFFIX;
    }

    private static Optional<Request> read(String name, byte[] content, Foreign foreign) {
        try {
            JsonNode tree = Json.MAPPER.readTree(content);
            int version = tree.path("version").asInt(0);
            if (!name.endsWith(SUFFIX) || version != VERSION) {
                foreign.found(
                        name, content, "version %d; this Blocksmith reads version %d".formatted(version, VERSION));
                return Optional.empty();
            }
            return Optional.of(Json.MAPPER.treeToValue(tree, Asked.class).request());
        } catch (IOException malformed) {
            foreign.found(name, content, Reason.of(malformed));
            return Optional.empty();
        }
    }

    /** Out of the way of the others, but kept for whoever wonders what became of it. */
    private void setAside(String name, byte[] content, String why) {
        String aside = SET_ASIDE + name.substring(RunNames.REQUESTS.length());
        LOG.warn("{} is no request: {}; it is now {}", store.where(name), why, store.where(aside));
        store.replace(aside, content);
        store.delete(name);
    }

    private static byte[] write(Request request) {
        try {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(new Asked(VERSION, request));
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", request, unexpected.getMessage());
        }
    }
}
