package io.blocksmith.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.SafetensorsFile;
import io.blocksmith.safetensors.SafetensorsWriter;
import io.blocksmith.safetensors.TensorInfo;
import io.blocksmith.safetensors.TensorType;
import io.blocksmith.tensor.Fill;
import io.blocksmith.train.Snapshot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A training's snapshot and loss curves as a safetensors file: arrays as F32 tensors under their names, numbers and the
 * curves under {@code __metadata__}, numbers as {@link Double#toString} writes them, which loses no bit.
 */
final class SnapshotFile implements Snapshot.Stored, AutoCloseable {
    private static final String FORMAT = "format";
    private static final String VERSION = "blocksmith-snapshot-1";
    private static final String STEP = "step";
    private static final String CURVES = "curves";
    private static final String NUMBER = "number.";

    private final SafetensorsFile file;

    private SnapshotFile(SafetensorsFile file) {
        this.file = file;
    }

    /** Writes {@code snapshot} piece by piece, without a copy in memory and without forcing the file to disk. */
    static void write(Path target, Snapshot snapshot, String curves) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(FORMAT, VERSION);
        metadata.put(STEP, Long.toString(snapshot.step()));
        metadata.put(CURVES, curves);
        snapshot.numbers().forEach((name, number) -> metadata.put(NUMBER + name, Double.toString(number)));
        List<TensorInfo> tensors = new ArrayList<>();
        snapshot.arrays().forEach((name, array) -> {
            if (array.getDataType() != DataType.FLOAT32) {
                throw BlocksmithException.defect("snapshot: %s is %s, expected FLOAT32", name, array.getDataType());
            }
            tensors.add(TensorInfo.of(name, TensorType.F32, array.getShape().getShape()));
        });
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, tensors, metadata)) {
            // A norm gain is a leaf of the graph; what it aliases is not, and can be looked into.
            snapshot.arrays().forEach((name, array) -> {
                try (NDArray plain = array.stopGradient()) {
                    Fill.read(plain, (_, _, data) -> writer.write(name, data));
                }
            });
            writer.requireComplete();
        }
    }

    /** Opens a file whose digest is right; what it holds is a defect when it is not a snapshot. */
    static SnapshotFile open(Path path) {
        SafetensorsFile file = SafetensorsFile.open(path);
        if (!VERSION.equals(file.metadata().get(FORMAT))) {
            file.close();
            throw BlocksmithException.defect(
                    "%s: format %s, expected %s", path, file.metadata().get(FORMAT), VERSION);
        }
        return new SnapshotFile(file);
    }

    /** The curves as {@link LossCurves#unfinished} told them. */
    String curves() {
        return text(CURVES);
    }

    @Override
    public long step() {
        return Long.parseLong(text(STEP));
    }

    @Override
    public double number(String name) {
        return Double.parseDouble(text(NUMBER + name));
    }

    private String text(String key) {
        String text = file.metadata().get(key);
        if (text == null) {
            throw BlocksmithException.defect("%s: no %s in it", file.path(), key);
        }
        return text;
    }

    @Override
    public void read(String name, NDArray target) {
        TensorInfo info = file.info(name);
        List<Long> expected = new ArrayList<>();
        for (long dimension : target.getShape().getShape()) {
            expected.add(dimension);
        }
        if (info.type() != TensorType.F32 || !info.shape().equals(expected)) {
            throw BlocksmithException.defect(
                    "%s: %s is %s %s, expected F32 %s", file.path(), name, info.type(), info.shapeText(), expected);
        }
        long rowBytes = expected.isEmpty() ? info.bytes() : info.bytes() / Math.max(1, expected.getFirst());
        try (Arena arena = Arena.ofConfined();
                NDArray plain = target.stopGradient()) {
            MemorySegment data = file.map(name, arena);
            Fill.into(
                    plain,
                    (first, last, window) ->
                            window.copyFrom(data.asSlice(first * rowBytes, (last - first) * rowBytes)));
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
