package io.blocksmith.stage;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.ConfigFile;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SHA-256 of a run's inputs. A 70B checkpoint takes minutes to read, so a resumed run trusts the digest of a file whose
 * path, length and time of change are those of the first start; they are kept in {@code inputs/digests.json}, which is
 * made again when it cannot be read.
 */
final class InputDigests {
    private static final String STAMPS = "inputs/digests.json";
    private static final int CHUNK = 1 << 20;
    private static final Logger LOG = LoggerFactory.getLogger(InputDigests.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Stamp> known;
    private final Map<String, Stamp> stamps = new TreeMap<>();

    private record Stamp(long bytes, long modifiedMillis, String sha256) {}

    private InputDigests(Map<String, Stamp> known) {
        this.known = known;
    }

    /** With what the run folder remembers. */
    static InputDigests open(ObjectStore store) {
        if (!store.exists(STAMPS)) {
            return new InputDigests(Map.of());
        }
        try {
            Map<String, Stamp> known = JSON.readValue(store.read(STAMPS), new TypeReference<Map<String, Stamp>>() {});
            return new InputDigests(known == null ? Map.of() : known);
        } catch (IOException e) {
            LOG.warn("{}: not valid, the inputs are read again: {}", store.path(STAMPS), Reason.of(e));
            return new InputDigests(Map.of());
        }
    }

    /** Remembers the digests of this object for the next start. */
    void save(ObjectStore store) {
        if (stamps.equals(known)) {
            return;
        }
        Path file = store.temporary(STAMPS);
        try {
            JSON.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), stamps);
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", file, Reason.of(e));
        }
        store.put(STAMPS, file);
    }

    /** Digest of a model folder: configuration, tokenizer and every weight file. */
    String model(Checkpoint checkpoint) {
        List<Path> files = new ArrayList<>(checkpoint.paths());
        files.addFirst(checkpoint.folder().resolve(ConfigFile.NAME));
        Path tokenizer = checkpoint.folder().resolve("tokenizer.json");
        if (Files.exists(tokenizer)) {
            files.add(1, tokenizer);
        }
        StringBuilder lines = new StringBuilder();
        for (Path file : files) {
            lines.append(file.getFileName()).append(' ').append(file(file)).append('\n');
        }
        return HexFormat.of().formatHex(sha256().digest(lines.toString().getBytes(StandardCharsets.UTF_8)));
    }

    /** Digest of one file. */
    String file(Path file) {
        try {
            long bytes = Files.size(file);
            long modified = Files.getLastModifiedTime(file).toMillis();
            String path = file.toAbsolutePath().normalize().toString();
            Stamp before = known.get(path);
            boolean unchanged = before != null
                    && before.sha256() != null
                    && before.bytes() == bytes
                    && before.modifiedMillis() == modified;
            Stamp stamp = unchanged ? before : new Stamp(bytes, modified, sha256(file));
            stamps.put(path, stamp);
            return stamp.sha256();
        } catch (IOException e) {
            throw BlocksmithException.user("%s: cannot be read: %s", file, Reason.of(e));
        }
    }

    /** SHA-256 of a file's content, in lower-case hexadecimal. */
    static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        // An arena gives the memory back at once, not at the next garbage collection.
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            ByteBuffer chunk = arena.allocate(CHUNK).asByteBuffer();
            while (channel.read(chunk.clear()) >= 0) {
                digest.update(chunk.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
