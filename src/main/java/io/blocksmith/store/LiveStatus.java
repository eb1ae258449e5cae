package io.blocksmith.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.util.Optional;

/**
 * The supervisor's heartbeat, {@code live.json}: who holds the run, that it lives, and how far its ledger is. Replaced
 * every few seconds. Keys that a newer Blocksmith adds are read over.
 *
 * @param holder name in the ledger's epoch
 * @param host machine that {@code pid} is of
 * @param beat rises with every replacement
 * @param sequence number of the last ledger record, 0 when there is none
 * @param digest SHA-256 of that record's bytes, empty when there is none
 * @param released whether the holder has ended in order and holds the run no more
 * @param status whatever else people are to see
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LiveStatus(
        int version,
        String holder,
        String host,
        long pid,
        long epoch,
        long beat,
        long sequence,
        String digest,
        boolean released,
        JsonNode status) {
    public static final int VERSION = 1;

    private static final NamedOnce NAMED = new NamedOnce("is no heartbeat and passed over");

    /** Any record as {@link #status}. */
    public static JsonNode tree(Object status) {
        return Json.MAPPER.valueToTree(status);
    }

    /** The status as the record it was made from; empty when another Blocksmith wrote it in another shape. */
    public <T> Optional<T> status(Class<T> type) {
        try {
            return Optional.ofNullable(Json.MAPPER.treeToValue(status, type));
        } catch (JsonProcessingException otherShape) {
            return Optional.empty();
        }
    }

    /** Makes this the run's heartbeat. */
    public void write(ObjectStore store) {
        try {
            store.replace(
                    RunNames.LIVE, Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", this, unexpected.getMessage());
        }
    }

    /**
     * The run's heartbeat; empty before its first supervisor, and when what is there is none, as a full disk leaves it. It
     * is not what keeps two supervisors apart: the ledger is.
     */
    public static Optional<LiveStatus> read(ObjectStore store) {
        return store.find(RunNames.LIVE).flatMap(content -> parse(content, store.where(RunNames.LIVE)));
    }

    private static Optional<LiveStatus> parse(byte[] content, String where) {
        try {
            LiveStatus read = Json.MAPPER.readValue(content, LiveStatus.class);
            if (read != null && read.holder() != null && read.host() != null && read.digest() != null) {
                return Optional.of(read);
            }
            NAMED.tell(where, "it says neither holder nor host");
        } catch (IOException malformed) {
            NAMED.tell(where, Reason.of(malformed));
        }
        return Optional.empty();
    }

    boolean isBeatOf(LiveStatus earlier) {
        return beat == earlier.beat() && epoch == earlier.epoch() && holder.equals(earlier.holder());
    }
}
