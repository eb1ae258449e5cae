package io.blocksmith.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes the tensors of a model folder: {@code model.safetensors} when they fit one shard, else
 * {@code model-00001-of-0000N.safetensors} and the index. Tensors are told first and keep their order; a shard is filled
 * until the next tensor would pass the limit, and a tensor above the limit has a shard of its own.
 */
public final class ShardedWriter implements AutoCloseable {
    private final Path folder;
    private final Map<String, String> metadata;
    private final List<List<TensorInfo>> shards;
    private final Map<String, Integer> shardOf = new LinkedHashMap<>();
    private SafetensorsWriter writer;
    private int current = -1;

    private ShardedWriter(Path folder, Map<String, String> metadata, List<List<TensorInfo>> shards) {
        this.folder = folder;
        this.metadata = new LinkedHashMap<>(metadata);
        this.shards = shards;
        for (int shard = 0; shard < shards.size(); shard++) {
            for (TensorInfo tensor : shards.get(shard)) {
                if (shardOf.put(tensor.name(), shard) != null) {
                    throw BlocksmithException.defect("%s: tensor %s twice in one model", folder, tensor.name());
                }
            }
        }
    }

    /**
     * Plans the shards of {@code tensors} in {@code folder}; files appear as data comes.
     *
     * @param metadata free-form pairs in every shard's header
     * @param shardBytes most bytes of tensor data in a shard
     */
    public static ShardedWriter create(
            Path folder, List<TensorInfo> tensors, Map<String, String> metadata, long shardBytes) {
        if (tensors.isEmpty()) {
            throw BlocksmithException.defect("%s: a model without tensors", folder);
        }
        List<List<TensorInfo>> shards = new ArrayList<>();
        long filled = 0;
        for (TensorInfo tensor : tensors) {
            if (shards.isEmpty() || filled + tensor.bytes() > shardBytes) {
                shards.add(new ArrayList<>());
                filled = 0;
            }
            shards.getLast().add(tensor);
            filled += tensor.bytes();
        }
        return new ShardedWriter(folder, metadata, shards);
    }

    /** Appends data of the tensor {@code name}, which must be the next one that is not complete. */
    public void write(String name, MemorySegment data) {
        Integer shard = shardOf.get(name);
        if (shard == null || (shard != current && shard != current + 1)) {
            throw BlocksmithException.defect("%s: data of %s, which is not the next tensor", folder, name);
        }
        if (shard != current) {
            finishShard();
            current = shard;
            writer = SafetensorsWriter.create(folder.resolve(file(shard)), shards.get(shard), metadata);
        }
        writer.write(name, data);
    }

    /** Checks that every tensor is complete, forces the last shard, and writes and forces the index if there is one. */
    public void finish() {
        if (current != shards.size() - 1) {
            throw BlocksmithException.defect(
                    "%s: finished in shard %d of %d", folder, Math.max(0, current + 1), shards.size());
        }
        finishShard();
        if (shards.size() > 1) {
            writeIndex();
        }
    }

    private void finishShard() {
        if (writer != null) {
            writer.finish();
            close();
        }
    }

    private String file(int shard) {
        return shards.size() == 1
                ? Checkpoint.SINGLE
                : "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards.size());
    }

    private void writeIndex() {
        Map<String, String> weightMap = new LinkedHashMap<>();
        shardOf.forEach((name, shard) -> weightMap.put(name, file(shard)));
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("metadata", Map.of("total_size", totalBytes()));
        root.put("weight_map", weightMap);
        Path index = folder.resolve(Checkpoint.INDEX);
        try (FileChannel channel = FileChannel.open(index, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer json = ByteBuffer.wrap(new ObjectMapper().writeValueAsBytes(root));
            while (json.hasRemaining()) {
                channel.write(json);
            }
            channel.force(true);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect("%s: %s", index, e.getMessage());
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be written: %s", index, Reason.of(e));
        }
    }

    private long totalBytes() {
        return shards.stream()
                .flatMap(List::stream)
                .mapToLong(TensorInfo::bytes)
                .sum();
    }

    @Override
    public void close() {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }
}
