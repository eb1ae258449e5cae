package io.blocksmith.boundary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.ActivationReader;
import io.blocksmith.spec.Calibration.Activations;
import java.util.Optional;

/** Batches of a boundary as float32 arrays, read ahead on another thread. */
public final class BoundaryReader implements AutoCloseable {
    private final ActivationLayout layout;
    private final ActivationReader reader;
    private final NDManager manager;

    BoundaryReader(Boundary boundary, int batch, int from, int to, NDManager manager) {
        this.layout = boundary.layout();
        this.reader = new ActivationReader(boundary.name(), boundary.parts(), batch, from, to);
        this.manager = manager;
    }

    /**
     * The next hidden states [n, T, H]; empty after the last. The array may alias the reader's buffer: the scope it is
     * born in must close before the next call.
     */
    public Optional<NDArray> next() {
        if (!reader.hasNext()) {
            return Optional.empty();
        }
        ActivationReader.Batch batch = reader.next();
        Shape shape = new Shape(batch.samples(), layout.sequenceLength(), layout.hiddenSize());
        if (layout.numbers() == Activations.FLOAT32) {
            return Optional.of(manager.create(batch.numbers(), shape, DataType.FLOAT32));
        }
        return Optional.of(
                manager.create(batch.numbers(), shape, DataType.FLOAT16).toType(DataType.FLOAT32, false));
    }

    @Override
    public void close() {
        reader.close();
    }
}
