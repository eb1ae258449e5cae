package io.blocksmith.run;

import io.blocksmith.failure.Category;
import io.blocksmith.run.StageState.Running;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The workers as one supervisor knows them. Three things are kept apart: a worker that cannot be reached gets nothing new,
 * one that is gone has lost its attempts, and one that was not heard of for a lease counts as gone. Times are those of the
 * supervisor's own monotonic clock, given as arguments; nothing here is durable. Not for use by several threads.
 */
public final class Fleet {

    /**
     * How patient a supervisor is.
     *
     * @param lease how long a worker may be out of reach before its attempts are given to others
     * @param faults failures of a worker within {@code window} that put it in quarantine
     */
    public record Limits(Duration lease, int faults, Duration window) {
        /** A minute; five failures an hour. */
        public static Limits standard() {
            return new Limits(Duration.ofMinutes(1), 5, Duration.ofHours(1));
        }
    }

    /**
     * How a worker introduces itself.
     *
     * @param name unique among workers, and the same again after a restart
     * @param incarnation differs after each start
     * @param numerics what it computes with; last bits depend on it
     * @param version of its software, for people
     * @param holds attempts that it runs or waits to report
     * @param assists the attempt of another worker that it shares
     */
    public record Registration(
            String name,
            String incarnation,
            String numerics,
            String version,
            Set<Ticket> holds,
            Optional<Ticket> assists) {
        public Registration {
            holds = Set.copyOf(holds);
        }
    }

    private static final class Member {
        private final Registration registration;
        private final Set<Ticket> holds;
        private Optional<Ticket> assists;
        /** Empty while it can be reached. */
        private Optional<Duration> unreachableSince = Optional.empty();

        Member(Registration registration) {
            this.registration = registration;
            this.holds = new HashSet<>(registration.holds());
            this.assists = registration.assists();
        }
    }

    private final Limits limits;
    private Duration began;
    private final Map<String, Member> members = new TreeMap<>();
    /** Workers that the cluster has removed for good, until they come again. */
    private final Set<String> gone = new HashSet<>();

    private final Map<String, Deque<Duration>> faults = new HashMap<>();
    private final Map<String, Duration> slowUntil = new HashMap<>();

    /** A fleet without workers. */
    public Fleet(Limits limits, Duration now) {
        this.limits = limits;
        this.began = now;
    }

    /** The supervisor can hear workers from now on: the lease of those that it has not heard of begins. */
    void listens(Duration now) {
        began = now;
    }

    /** A worker introduced itself, for the first time, after a restart, or because it can be reached again. */
    void joined(Registration registration) {
        Member before = members.get(registration.name());
        Member member = new Member(registration);
        if (before != null && before.registration.incarnation().equals(registration.incarnation())) {
            // What was sent to it may still be under way.
            member.holds.addAll(before.holds);
            member.assists = member.assists.or(() -> before.assists);
        }
        members.put(registration.name(), member);
        gone.remove(registration.name());
    }

    /** The worker cannot be reached for now; it may well go on working. */
    public void unreachable(String name, Duration now) {
        Member member = members.get(name);
        if (member != null && member.unreachableSince.isEmpty()) {
            member.unreachableSince = Optional.of(now);
        }
    }

    /** The worker is gone for good: its process ended, or the cluster removed it. */
    public void left(String name) {
        members.remove(name);
        gone.add(name);
    }

    /** The attempt was given to the worker. */
    void gave(String name, Ticket ticket) {
        Member member = members.get(name);
        if (member != null) {
            member.holds.add(ticket);
        }
    }

    /** The worker has reported the end of the attempt. */
    void returned(String name, Ticket ticket) {
        Member member = members.get(name);
        if (member != null) {
            member.holds.remove(ticket);
        }
    }

    /** The worker was asked to share the attempt. */
    void assists(String name, Ticket ticket) {
        Member member = members.get(name);
        if (member != null) {
            member.assists = Optional.of(ticket);
        }
    }

    /** The worker shares the attempt no longer. */
    public void endedAssist(String name, Ticket ticket) {
        Member member = members.get(name);
        if (member != null && member.assists.equals(Optional.of(ticket))) {
            member.assists = Optional.empty();
        }
    }

    /** An attempt failed on the worker, for a reason that may lie with it. */
    void failed(String name, Category category, Duration now) {
        switch (category) {
            case ENVIRONMENT, TRANSIENT, HUNG, WORKER_LOST, DEFECT ->
                faults.computeIfAbsent(name, _ -> new ArrayDeque<>()).add(now);
            case USER, NOT_FINITE, DEVICE_MEMORY, STORE_FULL, STORE_UNAVAILABLE, DAMAGED -> {}
        }
    }

    /** The worker is much slower than its peers: for a while, others are preferred. */
    void isSlow(String name, Duration now) {
        slowUntil.put(name, now.plus(limits.window()));
    }

    /** The workers that can be told things. */
    public SortedMap<String, WorkerView> reachable(Duration now) {
        SortedMap<String, WorkerView> views = new TreeMap<>();
        boolean sound = members.entrySet().stream()
                .anyMatch(entry -> entry.getValue().unreachableSince.isEmpty() && !isFlapping(entry.getKey(), now));
        members.forEach((name, member) -> {
            if (member.unreachableSince.isEmpty()) {
                // A quarantine of all would stop the run, which helps nobody.
                boolean quarantined = sound && isFlapping(name, now);
                views.put(
                        name,
                        new WorkerView(
                                member.registration.numerics(),
                                member.holds,
                                member.assists,
                                quarantined,
                                slowUntil.getOrDefault(name, Duration.ZERO).compareTo(now) > 0));
            }
        });
        return views;
    }

    private boolean isFlapping(String name, Duration now) {
        Deque<Duration> times = faults.getOrDefault(name, new ArrayDeque<>());
        while (!times.isEmpty() && times.peekFirst().plus(limits.window()).compareTo(now) < 0) {
            times.removeFirst();
        }
        return times.size() >= limits.faults();
    }

    /** Every worker known, reachable or not, for people. */
    public Map<String, Registration> known() {
        Map<String, Registration> known = new TreeMap<>();
        members.forEach((name, member) -> known.put(name, member.registration));
        return known;
    }

    /** The attempts in {@code state} whose worker has lost them, with why. */
    Map<Ticket, String> lost(RunState state, Duration now) {
        Map<Ticket, String> lost = new HashMap<>();
        for (Running running : state.running()) {
            loss(running, now).ifPresent(reason -> lost.put(running.ticket(), reason));
        }
        return lost;
    }

    private Optional<String> loss(Running running, Duration now) {
        String name = running.worker();
        Member member = members.get(name);
        if (member == null) {
            if (gone.contains(name)) {
                return Optional.of("worker %s is gone".formatted(name));
            }
            return isOver(began, now)
                    ? Optional.of("worker %s was not heard of for %s".formatted(name, text(limits.lease())))
                    : Optional.empty();
        }
        if (member.unreachableSince.isPresent()) {
            return isOver(member.unreachableSince.get(), now)
                    ? Optional.of("worker %s was out of reach for %s".formatted(name, text(limits.lease())))
                    : Optional.empty();
        }
        return member.holds.contains(running.ticket())
                ? Optional.empty()
                : Optional.of("worker %s was started anew, without the attempt".formatted(name));
    }

    private boolean isOver(Duration since, Duration now) {
        return now.minus(since).compareTo(limits.lease()) >= 0;
    }

    private static String text(Duration duration) {
        return duration.toSeconds() + " s";
    }
}
