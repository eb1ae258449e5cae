package io.blocksmith.boundary;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.blocksmith.data.ActivationLayout;
import io.blocksmith.data.ActivationWriter;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.spec.Calibration.Activations;
import io.blocksmith.tensor.Fill;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Writes hidden states as a boundary; written on another thread, and gone again when closed before it is finished. */
public final class BoundaryWriter implements AutoCloseable {
    /** Largest finite float16. */
    private static final double LARGEST_HALF = 65504;

    private final Path directory;
    private final ActivationLayout layout;
    private final ActivationWriter writer;

    public BoundaryWriter(Path directory, ActivationLayout layout) {
        this.directory = directory;
        this.layout = layout;
        this.writer = new ActivationWriter(directory, layout);
    }

    /** Appends hidden states [n, T, H], float32. */
    public void append(NDArray states) {
        if (layout.numbers() == Activations.FLOAT32) {
            write(states);
            return;
        }
        double largest = states.abs().max().getFloat();
        if (!(largest <= LARGEST_HALF)) {
            throw BlocksmithException.user(
                    "calibration.activations = float16: a hidden state of %.4g does not fit; use float32", largest);
        }
        write(states.toType(DataType.FLOAT16, false));
    }

    private void write(NDArray numbers) {
        Fill.read(
                numbers,
                (first, last, data) -> writer.append(
                        data.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN), Math.toIntExact(last - first)));
    }

    /** Waits until everything is on disk. */
    public FolderBoundary finish() {
        writer.finish();
        return new FolderBoundary(directory, layout);
    }

    @Override
    public void close() {
        writer.close();
    }
}
