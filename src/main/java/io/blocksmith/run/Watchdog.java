package io.blocksmith.run;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Notices attempts that stand still, and workers slower than their peers. How long a phase may be silent is learned from
 * how long its steps took before; the first report of a phase, which pays for compiling and warming up, teaches nothing.
 * Times are those of the supervisor's own monotonic clock. Not for use by several threads.
 */
public final class Watchdog {
    private static final int LOSSES = 20;
    private static final int SLOW_WINDOWS = 3;
    private static final int PEERS = 2;

    /**
     * How patient a supervisor is.
     *
     * @param first silence allowed before a phase's usual pace is known
     * @param floor least silence allowed
     * @param factor of the longest step seen so far in the same phase
     * @param window time over which a worker's pace is compared
     * @param slow share of its peers' median pace below which a worker is a straggler
     */
    public record Limits(Duration first, Duration floor, int factor, Duration window, double slow) {
        /** Half an hour, then five times what is usual but at least five minutes; half the pace of the others. */
        public static Limits standard() {
            return new Limits(Duration.ofMinutes(30), Duration.ofMinutes(5), 5, Duration.ofMinutes(1), 0.5);
        }
    }

    /** An attempt slower than its peers for some time although its data come in time. */
    public record Straggler(Ticket ticket, double tokensPerSecond, double median) {}

    private static final class Watch {
        private Progress latest;
        private Duration heard;
        /** When it was last heard of another step. */
        private Duration moved;

        private int reportsInPhase;
        private final Deque<Double> losses = new ArrayDeque<>();
        /** Parts of an attempt that train nothing count samples instead. */
        private long trainedStep;

        private Duration windowBegan;
        private int slowWindows;

        Watch(Duration now) {
            heard = now;
            moved = now;
            windowBegan = now;
        }
    }

    private final Limits limits;
    private final Map<Ticket, Watch> watches = new HashMap<>();
    private final Map<String, Duration> longest = new HashMap<>();

    public Watchdog(Limits limits) {
        this.limits = limits;
    }

    /** The attempt is under way, as far as this supervisor knows; also when its worker can be heard again. */
    void began(Ticket ticket, Duration now) {
        Watch watch = watches.computeIfAbsent(ticket, _ -> new Watch(now));
        watch.heard = now;
        watch.moved = now;
    }

    /**
     * The attempt has spoken. A repeated report does not count as a sign of life; another one of the same step does, and
     * teaches nothing about how long a step takes.
     */
    void progressed(Progress progress, Duration now) {
        Watch watch = watches.computeIfAbsent(progress.ticket(), _ -> new Watch(now));
        if (watch.latest != null && watch.latest.equals(progress)) {
            return;
        }
        if (watch.latest != null && watch.latest.isSameStep(progress)) {
            watch.latest = progress;
            watch.heard = now;
            return;
        }
        boolean samePhase = watch.latest != null && watch.latest.phase().equals(progress.phase());
        watch.reportsInPhase = samePhase ? watch.reportsInPhase + 1 : 0;
        if (watch.reportsInPhase > 1) {
            longest.merge(kind(progress), now.minus(watch.moved), (a, b) -> a.compareTo(b) > 0 ? a : b);
        }
        if (!Double.isNaN(progress.loss())) {
            watch.trainedStep = progress.step();
            watch.losses.add(progress.loss());
            if (watch.losses.size() > LOSSES) {
                watch.losses.removeFirst();
            }
        }
        watch.latest = progress;
        watch.heard = now;
        watch.moved = now;
    }

    /** The attempt is over. */
    void ended(Ticket ticket) {
        watches.remove(ticket);
    }

    /** The latest word of an attempt. */
    public Optional<Progress> latest(Ticket ticket) {
        return Optional.ofNullable(watches.get(ticket)).map(watch -> watch.latest);
    }

    /** What is known of an attempt, should it end now. */
    Evidence evidence(Ticket ticket) {
        Watch watch = watches.get(ticket);
        return watch == null || watch.latest == null
                ? Evidence.NONE
                : new Evidence(watch.trainedStep, watch.latest.savedStep(), List.copyOf(watch.losses));
    }

    /** The attempts among {@code heard}, those whose workers can be heard, that have stood still too long, with why. */
    Map<Ticket, String> hung(List<Ticket> heard, Duration now) {
        Map<Ticket, String> hung = new HashMap<>();
        for (Ticket ticket : heard) {
            Watch watch = watches.get(ticket);
            if (watch != null) {
                Duration silent = now.minus(watch.heard);
                Duration allowed = allowed(watch);
                if (silent.compareTo(allowed) > 0) {
                    String phase = watch.latest == null ? "start" : watch.latest.phase();
                    hung.put(
                            ticket,
                            "no progress in phase '%s' for %d s (%d s are allowed)"
                                    .formatted(phase, silent.toSeconds(), allowed.toSeconds()));
                }
            }
        }
        return hung;
    }

    private Duration allowed(Watch watch) {
        if (watch.latest == null || watch.reportsInPhase == 0) {
            return limits.first();
        }
        Duration usual = longest.get(kind(watch.latest));
        if (usual == null) {
            return limits.first();
        }
        Duration learned = usual.multipliedBy(limits.factor());
        return learned.compareTo(limits.floor()) > 0 ? learned : limits.floor();
    }

    private static String kind(Progress progress) {
        return progress.ticket().stage().getClass().getSimpleName() + "/" + progress.phase();
    }

    /** The attempts that have been slower than their peers for several windows, though not for want of data. */
    public List<Straggler> stragglers(Duration now) {
        List<Straggler> stragglers = new ArrayList<>();
        watches.forEach((ticket, watch) -> {
            if (watch.latest == null || Double.isNaN(watch.latest.tokensPerSecond())) {
                return;
            }
            double median = median(kind(watch.latest), ticket);
            boolean slow = watch.latest.tokensPerSecond() < limits.slow() * median
                    && !(watch.latest.dataWait() > limits.slow());
            if (now.minus(watch.windowBegan).compareTo(limits.window()) >= 0) {
                watch.slowWindows = slow ? watch.slowWindows + 1 : 0;
                watch.windowBegan = now;
            }
            if (slow && watch.slowWindows >= SLOW_WINDOWS) {
                stragglers.add(new Straggler(ticket, watch.latest.tokensPerSecond(), median));
            }
        });
        return stragglers;
    }

    /** Median pace of the other attempts in the same phase; 0 when there are too few to compare with. */
    private double median(String kind, Ticket but) {
        List<Double> paces = watches.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(but))
                .map(entry -> entry.getValue().latest)
                .filter(latest -> latest != null && kind(latest).equals(kind) && latest.tokensPerSecond() > 0)
                .map(Progress::tokensPerSecond)
                .sorted()
                .toList();
        return paces.size() < PEERS ? 0 : paces.get(paces.size() / 2);
    }
}
