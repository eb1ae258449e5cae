package io.blocksmith.run.simulation;

import io.blocksmith.simulate.VirtualTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** What happened, for a person who looks into a failing seed; nothing is kept of the many schedules that pass. */
final class Trace {
    private static final int KEPT = 5000;

    private final boolean on;
    private final VirtualTime time;
    private final Deque<String> lines = new ArrayDeque<>();

    Trace(boolean on, VirtualTime time) {
        this.on = on;
        this.time = time;
    }

    void add(Supplier<String> line) {
        if (on) {
            lines.add("%9.3f  %s".formatted(time.millis() / 1000.0, line.get()));
            if (lines.size() > KEPT) {
                lines.removeFirst();
            }
        }
    }

    String text() {
        return String.join("\n", lines);
    }
}
