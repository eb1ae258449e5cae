package io.blocksmith.boundary;

import io.blocksmith.data.ActivationPart;
import io.blocksmith.failure.BlocksmithException;
import java.util.List;

/**
 * A boundary that was put into the store, by one attempt or by several that each made a part of it.
 *
 * @param name for people
 * @param parts in the order of their samples, of equal shape and number format, at least one
 */
public record SealedBoundary(String name, List<ActivationPart> parts) implements Boundary {
    public SealedBoundary {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw BlocksmithException.defect("%s: a boundary without a part", name);
        }
    }

    @Override
    public int samples() {
        return parts.stream().mapToInt(part -> part.layout().samples()).sum();
    }
}
