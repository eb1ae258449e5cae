package io.blocksmith.export;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.safetensors.Checkpoint;
import io.blocksmith.safetensors.TensorInfo;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a written folder may differ in from what was trained, as DEFECTs. */
final class Difference {
    private Difference() {}

    /** The error of an element that is not what was trained; {@code element} is its place, e.g. {@code [3, 17]}. */
    static BlocksmithException of(Checkpoint written, String tensor, String element, Object expected, Object found) {
        return BlocksmithException.defect(
                "%s: tensor %s: element %s: expected %s, found %s; the export is not what was trained, do not use it",
                written.folder(), tensor, element, expected, found);
    }

    /** Checks that {@code written} holds the tensors {@code expected} and no others. */
    static void requireEntries(Checkpoint written, List<TensorInfo> expected) {
        Set<String> left = new LinkedHashSet<>(written.names());
        for (TensorInfo tensor : expected) {
            if (!left.remove(tensor.name())) {
                throw BlocksmithException.defect("%s: tensor %s: not written", written.folder(), tensor.name());
            }
            TensorInfo found = written.info(tensor.name());
            if (found.type() != tensor.type() || !found.shape().equals(tensor.shape())) {
                throw BlocksmithException.defect(
                        "%s: tensor %s: expected %s %s, found %s %s",
                        written.folder(),
                        tensor.name(),
                        tensor.type(),
                        tensor.shapeText(),
                        found.type(),
                        found.shapeText());
            }
        }
        if (!left.isEmpty()) {
            throw BlocksmithException.defect("%s: tensors that the model does not have: %s", written.folder(), left);
        }
    }
}
