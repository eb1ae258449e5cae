package io.blocksmith.metrics;

import io.blocksmith.run.Measurement.Work;
import java.util.ArrayDeque;
import java.util.Deque;

/** Floating-point operations a second of the latest steps: half a minute of them, or the last one where it took longer. */
final class RecentRate {
    private static final double SECONDS = 30;
    private static final int STEPS = 1000;

    private final Deque<Work> steps = new ArrayDeque<>();
    private double flops;
    private double seconds;

    /** The rate with {@code step} as the latest; NaN while no time has gone by. */
    double after(Work step) {
        steps.addLast(step);
        flops += step.flops();
        seconds += step.seconds();
        while (steps.size() > STEPS
                || (steps.size() > 1 && seconds - steps.getFirst().seconds() >= SECONDS)) {
            Work oldest = steps.removeFirst();
            flops -= oldest.flops();
            seconds -= oldest.seconds();
        }
        return seconds > 0 ? flops / seconds : Double.NaN;
    }
}
