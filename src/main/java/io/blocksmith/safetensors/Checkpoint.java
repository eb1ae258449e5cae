package io.blocksmith.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.ForeignContent;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The tensors of a model folder: {@code model.safetensors}, or the shards that {@code model.safetensors.index.json}
 * names. Every shard is opened and checked at once, so a broken one is found before any work.
 */
public final class Checkpoint implements AutoCloseable {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";

    private static final long MOST_BYTES_OF_INDEX = 32L << 20;

    private final Path folder;
    private final List<SafetensorsFile> files;
    private final Map<String, SafetensorsFile> byName;

    private Checkpoint(Path folder, List<SafetensorsFile> files, Map<String, SafetensorsFile> byName) {
        this.folder = folder;
        this.files = files;
        this.byName = byName;
    }

    /** Opens {@code folder}; a missing, broken or pickled checkpoint is a USER error. */
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw BlocksmithException.user("%s: no such folder; expected a Hugging Face model folder", folder);
        }
        if (Files.exists(folder.resolve(INDEX))) {
            return sharded(folder);
        }
        if (Files.exists(folder.resolve(SINGLE))) {
            SafetensorsFile file = SafetensorsFile.open(folder.resolve(SINGLE));
            Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
            file.tensors().keySet().forEach(name -> byName.put(name, file));
            return new Checkpoint(folder, List.of(file), byName);
        }
        throw absent(folder);
    }

    /** Whether {@code folder} holds one, sound or not. */
    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(INDEX)) || Files.exists(folder.resolve(SINGLE));
    }

    private static BlocksmithException absent(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            List<String> pickles = entries.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".bin") || name.endsWith(".pt") || name.endsWith(".pth"))
                    .sorted()
                    .toList();
            if (!pickles.isEmpty()) {
                return BlocksmithException.user(
                        "%s: pickle checkpoints are refused, because loading one can run code; convert it to "
                                + "safetensors first (save_pretrained(..., safe_serialization=True))",
                        folder.resolve(pickles.getFirst()));
            }
        } catch (IOException e) {
            return BlocksmithException.environment(e, "%s: cannot be listed: %s", folder, Reason.of(e));
        }
        return BlocksmithException.user("%s: neither %s nor %s in it", folder, SINGLE, INDEX);
    }

    private static Checkpoint sharded(Path folder) {
        Path index = folder.resolve(INDEX);
        Map<String, String> shardOf = weightMap(index);
        Map<String, SafetensorsFile> opened = new LinkedHashMap<>();
        try {
            for (String shard : new TreeSet<>(shardOf.values())) {
                if (!Files.exists(folder.resolve(shard))) {
                    throw BlocksmithException.user(
                            "%s: shard missing; %s names it for %d tensors",
                            folder.resolve(shard),
                            INDEX,
                            shardOf.values().stream().filter(shard::equals).count());
                }
                opened.put(shard, SafetensorsFile.open(folder.resolve(shard)));
            }
            Map<String, SafetensorsFile> byName = new LinkedHashMap<>();
            // What a shard holds counts, as in transformers: an index may list a tied head that was not stored.
            opened.values().forEach(file -> file.tensors().keySet().forEach(name -> byName.putIfAbsent(name, file)));
            shardOf.forEach((name, shard) -> {
                if (opened.get(shard).tensors().containsKey(name)) {
                    byName.put(name, opened.get(shard));
                }
            });
            return new Checkpoint(folder, List.copyOf(opened.values()), byName);
        } catch (RuntimeException e) {
            opened.values().forEach(SafetensorsFile::close);
            throw e;
        }
    }

    private static Map<String, String> weightMap(Path index) {
        JsonNode root;
        try {
            ForeignContent.requireNone(index);
            long bytes = Files.size(index);
            if (bytes > MOST_BYTES_OF_INDEX) {
                throw BlocksmithException.user(
                        "%s: %d bytes; expected at most %d, which is far more than any model's",
                        index, bytes, MOST_BYTES_OF_INDEX);
            }
            root = new ObjectMapper().readTree(index.toFile());
        } catch (IOException e) {
            throw BlocksmithException.user("%s: not valid JSON: %s", index, Reason.of(e));
        }
        JsonNode map = root.path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw BlocksmithException.user("%s: no weight_map in it", index);
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().isTextual() ? entry.getValue().asText() : "";
            if (shard.isEmpty()
                    || shard.chars().anyMatch(Character::isISOControl)
                    || shard.contains("/")
                    || shard.contains("\\")
                    || shard.startsWith(".")) {
                throw BlocksmithException.user(
                        "%s: %s: shard name \"%s\" is not a file of this folder", index, entry.getKey(), shard);
            }
            shardOf.put(entry.getKey(), shard);
        }
        return shardOf;
    }

    public Path folder() {
        return folder;
    }

    /** The files behind the tensors, by name. */
    public List<Path> paths() {
        List<Path> paths = new ArrayList<>();
        files.forEach(file -> paths.add(file.path()));
        return paths;
    }

    /** Every tensor's name. */
    public Set<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    public boolean contains(String tensor) {
        return byName.containsKey(tensor);
    }

    /** The entry of {@code tensor}; absent is a USER error. */
    public TensorInfo info(String tensor) {
        return fileOf(tensor).info(tensor);
    }

    /** Maps a tensor's data read-only for the life of {@code arena}. */
    public MemorySegment map(String tensor, Arena arena) {
        return fileOf(tensor).map(tensor, arena);
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return byName.keySet().stream().mapToLong(name -> info(name).bytes()).sum();
    }

    private SafetensorsFile fileOf(String tensor) {
        SafetensorsFile file = byName.get(tensor);
        if (file == null) {
            throw BlocksmithException.user("%s: tensor %s is missing from the checkpoint", folder, tensor);
        }
        return file;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
