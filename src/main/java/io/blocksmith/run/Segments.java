package io.blocksmith.run;

import io.blocksmith.failure.BlocksmithException;
import java.util.ArrayList;
import java.util.List;

/**
 * The cut of a model's blocks into contiguous ranges that are trained side by side.
 *
 * @param ranges in block order, without gaps
 */
public record Segments(List<Range> ranges) {

    /** The blocks {@code first} to {@code end - 1} of one segment. */
    public record Range(int segment, int first, int end) {
        public int size() {
            return end - first;
        }

        public boolean contains(int block) {
            return first <= block && block < end;
        }
    }

    public Segments {
        ranges = List.copyOf(ranges);
    }

    /**
     * As even as possible, the larger segments first: 5 blocks in 2 segments are 3 + 2.
     *
     * @throws BlocksmithException when there are fewer blocks than segments
     */
    public static Segments even(int blocks, int segments) {
        if (segments < 1 || segments > blocks) {
            throw BlocksmithException.user(
                    "block-ap.segments = %d: the model has %d blocks; choose 1 to %d", segments, blocks, blocks);
        }
        List<Range> ranges = new ArrayList<>();
        int first = 0;
        for (int segment = 0; segment < segments; segment++) {
            int end = first + blocks / segments + (segment < blocks % segments ? 1 : 0);
            ranges.add(new Range(segment, first, end));
            first = end;
        }
        return new Segments(ranges);
    }

    /** Number of blocks of the model. */
    public int blocks() {
        return ranges.getLast().end();
    }

    /** The range that holds {@code block}. */
    public Range of(int block) {
        return ranges.stream()
                .filter(range -> range.contains(block))
                .findFirst()
                .orElseThrow(() -> BlocksmithException.defect("block %d of a model of %d blocks", block, blocks()));
    }
}
