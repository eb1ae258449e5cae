package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import java.io.IOException;
import java.util.List;

/**
 * The journal of a run as numbered immutable objects {@code ledger/00000042.json}, each with the digest of the one
 * before it. Whoever creates record N+1 first has written it; anybody else who tries is fenced. Not for use by two
 * threads at once.
 */
public final class Ledger implements Journal {
    private static final int VERSION = 1;
    private static final String PREFIX = "ledger/";
    /** What the first record names as its predecessor's digest. */
    private static final String NONE = "";

    /**
     * One record.
     *
     * @param version of this layout
     * @param sequence from 1, without gaps; also the object's name
     * @param previous SHA-256 of the bytes of the record before
     * @param epoch of the supervisor that wrote it
     */
    record LedgerRecord(int version, long sequence, String previous, long epoch, Event event) {}

    private final ObjectStore store;
    private RunState state = RunState.empty();
    private long sequence;
    private String digest = NONE;

    public Ledger(ObjectStore store) {
        this.store = store;
    }

    /** The name of a record's object. */
    static String name(long sequence) {
        return "%s%08d.json".formatted(PREFIX, sequence);
    }

    @Override
    public RunState read() {
        RunState folded = RunState.empty();
        long count = 0;
        String previous = NONE;
        for (String name : store.list(PREFIX)) {
            count++;
            if (!name.equals(name(count))) {
                throw broken(name, "record %d is expected here: one is missing or does not belong".formatted(count));
            }
            byte[] content = store.read(name);
            folded = verified(name, content, count, previous, folded);
            previous = Digests.sha256(content);
        }
        state = folded;
        sequence = count;
        digest = previous;
        return state;
    }

    private RunState verified(String name, byte[] content, long expected, String previous, RunState before) {
        LedgerRecord found = parse(name, content);
        if (found.sequence() != expected) {
            throw broken(name, "it says it is record %d".formatted(found.sequence()));
        }
        if (!found.previous().equals(previous)) {
            throw broken(
                    name,
                    "the record before it was altered: digest %s expected, %s found"
                            .formatted(found.previous(), previous));
        }
        RunState after;
        try {
            after = before.after(found.event());
        } catch (BlocksmithException illegal) {
            throw broken(name, illegal.getMessage());
        }
        if (found.epoch() != after.epoch()) {
            throw broken(
                    name, "written in epoch %d while epoch %d held the run".formatted(found.epoch(), after.epoch()));
        }
        return after;
    }

    private LedgerRecord parse(String name, byte[] content) {
        try {
            JsonNode tree = Json.MAPPER.readTree(content);
            int version = tree.path("version").asInt(0);
            if (version != VERSION) {
                throw broken(name, "version %d; this Blocksmith reads version %d".formatted(version, VERSION));
            }
            return Json.MAPPER.treeToValue(tree, LedgerRecord.class);
        } catch (JsonProcessingException malformed) {
            throw broken(name, malformed.getOriginalMessage());
        } catch (IOException failure) {
            throw broken(name, failure.getMessage());
        }
    }

    private BlocksmithException broken(String name, String why) {
        return BlocksmithException.environment(null, "the ledger is broken at %s: %s", store.where(name), why);
    }

    @Override
    public Appended append(Event event) {
        RunState after = state.after(event);
        LedgerRecord next = new LedgerRecord(VERSION, sequence + 1, digest, after.epoch(), event);
        byte[] content = write(next);
        if (!store.createIfAbsent(name(next.sequence()), content)) {
            RunState theirs = new Ledger(store).read();
            return new Appended.Fenced(theirs.holder(), theirs.epoch());
        }
        state = after;
        sequence = next.sequence();
        digest = Digests.sha256(content);
        return new Appended.Durable();
    }

    private static byte[] write(LedgerRecord entry) {
        try {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(entry);
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", entry, unexpected.getMessage());
        }
    }

    /** All events in order, verified; for reports. */
    public List<Event> events() {
        read();
        return store.list(PREFIX).stream()
                .map(name -> parse(name, store.read(name)).event())
                .toList();
    }
}
