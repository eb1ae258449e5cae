package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The journal of a run as numbered immutable objects {@code ledger/00000042.json}, each with the digest of the one
 * before it. Whoever creates record N+1 first has written it; anybody else who tries is fenced. Records never change, so
 * each is read and verified once: a later {@link #read} asks for the next numbers only. Not for use by two threads at
 * once.
 *
 * <p>The chain shows any change but one to the last record, or its removal: see {@link RunVerification} for that.
 */
public final class Ledger implements Journal {
    private static final int VERSION = 2;
    static final String PREFIX = "ledger/";

    private static final Pattern RECORD = Pattern.compile("ledger/[0-9]{8,}\\.json");
    private static final NamedOnce FOREIGN = new NamedOnce("is no record of the ledger and passed over");
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

    /**
     * Where a ledger ends.
     *
     * @param sequence number of the last record read or appended; 0 before the first
     * @param digest SHA-256 of that record's bytes; empty before the first
     */
    public record End(long sequence, String digest) {}

    private final ObjectStore store;
    private final List<Event> events = new ArrayList<>();
    private RunState state = RunState.empty();
    private String digest = NONE;
    /** Apart from the rest, because a heartbeat looks at it from another thread. */
    private volatile End end = new End(0, NONE);

    private boolean listed;

    public Ledger(ObjectStore store) {
        this.store = store;
    }

    /** The name of a record's object. */
    static String name(long sequence) {
        return "%s%08d.json".formatted(PREFIX, sequence);
    }

    /** The last record read or appended here; may be asked by any thread. */
    public End end() {
        return end;
    }

    /**
     * Whether the record that was the last when somebody saw {@code end} is still there: not in a run that was deleted
     * and begun anew under its name.
     */
    public static boolean contains(ObjectStore store, End end) {
        return end.sequence() == 0
                || store.find(name(end.sequence()))
                        .filter(content -> Digests.sha256(content).equals(end.digest()))
                        .isPresent();
    }

    /** Whether that record is the last one still. */
    public static boolean endsAt(ObjectStore store, End end) {
        return contains(store, end) && !store.exists(name(end.sequence() + 1));
    }

    /** Whether {@link #end} is the last record still; may be asked by any thread. */
    boolean isNewest() {
        return endsAt(store, end);
    }

    private long sequence() {
        return events.size();
    }

    @Override
    public RunState read() {
        // By name, because the listing of a network file system may lag behind what it opens.
        for (Optional<byte[]> next = find(); next.isPresent(); next = find()) {
            take(next.get());
        }
        if (!listed) {
            requireGapless();
            listed = true;
        }
        return state;
    }

    /** The fold of what was read without a fault. */
    RunState soFar() {
        return state;
    }

    private Optional<byte[]> find() {
        return store.find(name(sequence() + 1));
    }

    private void requireGapless() {
        long count = 0;
        for (String name : store.list(PREFIX)) {
            if (!RECORD.matcher(name).matches()) {
                FOREIGN.tell(store.where(name), "its name is not that of a record");
                continue;
            }
            count++;
            if (!name.equals(name(count))) {
                throw broken(name, "record %d is expected here: one is missing or does not belong".formatted(count));
            }
        }
    }

    private void take(byte[] content) {
        long expected = sequence() + 1;
        String name = name(expected);
        LedgerRecord found = parse(name, content);
        if (found.sequence() != expected) {
            throw broken(name, "it says it is record %d".formatted(found.sequence()));
        }
        if (!found.previous().equals(digest)) {
            throw broken(
                    name,
                    "the record before it was altered: digest %s expected, %s found"
                            .formatted(found.previous(), digest));
        }
        RunState after;
        try {
            after = state.after(found.event());
        } catch (BlocksmithException illegal) {
            throw broken(name, illegal.getMessage());
        }
        if (found.epoch() != after.epoch()) {
            throw broken(
                    name, "written in epoch %d while epoch %d held the run".formatted(found.epoch(), after.epoch()));
        }
        advance(found.event(), after, content);
    }

    private void advance(Event event, RunState after, byte[] content) {
        events.add(event);
        state = after;
        digest = Digests.sha256(content);
        end = new End(events.size(), digest);
    }

    private LedgerRecord parse(String name, byte[] content) {
        try {
            JsonNode tree = Json.MAPPER.readTree(content);
            int version = tree.path("version").asInt(0);
            if (version == 1) {
                throw broken(
                        name,
                        "version 1, of a Blocksmith before clusters; this one reads version %d: finish the run with"
                                        .formatted(VERSION)
                                + " the older one, or start it anew in another run folder");
            }
            if (version != VERSION) {
                throw broken(name, "version %d; this Blocksmith reads version %d".formatted(version, VERSION));
            }
            return Json.MAPPER.treeToValue(tree, LedgerRecord.class);
        } catch (JsonProcessingException malformed) {
            throw broken(name, malformed.getOriginalMessage());
        } catch (IOException failure) {
            throw broken(name, Reason.of(failure));
        }
    }

    private BlocksmithException broken(String name, String why) {
        return BlocksmithException.environment(null, "the ledger is broken at %s: %s", store.where(name), why);
    }

    /**
     * {@inheritDoc}
     *
     * <p>A holder's name must be its process's own: two records with the same bytes count as one.
     */
    @Override
    public Appended append(Event event) {
        RunState after = state.after(event);
        LedgerRecord next = new LedgerRecord(VERSION, sequence() + 1, digest, after.epoch(), event);
        byte[] content = write(next);
        String name = name(next.sequence());
        if (!store.createIfAbsent(name, content) && !isOurs(name, content)) {
            RunState theirs = new Ledger(store).read();
            return new Appended.Fenced(theirs.holder(), theirs.epoch());
        }
        advance(event, after, content);
        return new Appended.Durable();
    }

    /** A request whose answer got lost may have created the record that its repetition then met. */
    private boolean isOurs(String name, byte[] content) {
        return store.find(name).filter(found -> Arrays.equals(found, content)).isPresent();
    }

    private static byte[] write(LedgerRecord entry) {
        try {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(entry);
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", entry, unexpected.getMessage());
        }
    }

    @Override
    public boolean isWritable() {
        return store.isWritable();
    }

    /** All events in order, verified; for reports. */
    public List<Event> events() {
        read();
        return List.copyOf(events);
    }
}
