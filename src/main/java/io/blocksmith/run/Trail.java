package io.blocksmith.run;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What supervisors have seen of one attempt under way: its losses, thinned so that a trail stays small however long the
 * attempt is, and when it was last saved. Nothing here is durable. Not for use by several threads.
 */
public final class Trail {
    private static final int MOST = 120;

    /** A training loss. */
    public record Point(long step, double loss) {}

    /**
     * A trail at one moment.
     *
     * @param savedStep step of the newest checkpoint, 0 when there is none
     * @param savedAt when that was first heard of, or rather earlier than later; empty when there is none, or when it is of an
     *     attempt before this one and nobody knows its age
     * @param losses by ascending step
     */
    public record Seen(long savedStep, Optional<Instant> savedAt, List<Point> losses) {
        /** Of an attempt that never spoke. */
        public static final Seen NOTHING = new Seen(0, Optional.empty(), List.of());

        public Seen {
            losses = List.copyOf(losses);
        }
    }

    private final List<Point> losses = new ArrayList<>();
    private long stride = 1;
    private long savedStep;
    private Optional<Instant> savedAt = Optional.empty();
    /** The first step that was heard of: a checkpoint of an earlier one is not of this attempt, or not of this time. */
    private long firstStep = Long.MAX_VALUE;

    /** A trail that goes on from what another supervisor has seen. */
    public static Trail after(Seen seen) {
        return new Trail().and(seen);
    }

    /** The attempt has spoken. */
    public void progressed(Progress progress, Instant now) {
        if (!Double.isNaN(progress.loss())) {
            add(new Point(progress.step(), progress.loss()));
        }
        if (progress.savedStep() > savedStep) {
            savedStep = progress.savedStep();
            savedAt = savedStep < firstStep ? savedAt : Optional.of(now);
        }
    }

    /** This trail with what came later. */
    public Trail and(Seen later) {
        later.losses().forEach(this::add);
        if (later.savedStep() > savedStep) {
            savedStep = later.savedStep();
            savedAt = later.savedAt().or(() -> savedAt);
        }
        return this;
    }

    private void add(Point point) {
        firstStep = Math.min(firstStep, point.step());
        if (!losses.isEmpty() && point.step() < losses.getLast().step() + stride) {
            return;
        }
        losses.add(point);
        if (losses.size() > MOST) {
            // Every other point; from now on they come half as often.
            List<Point> kept = new ArrayList<>();
            for (int i = 0; i < losses.size(); i += 2) {
                kept.add(losses.get(i));
            }
            long first = kept.getFirst().step();
            long last = kept.getLast().step();
            stride = Math.max(2 * stride, (last - first) / kept.size());
            losses.clear();
            losses.addAll(kept);
        }
    }

    public Seen seen() {
        return new Seen(savedStep, savedAt, losses);
    }
}
