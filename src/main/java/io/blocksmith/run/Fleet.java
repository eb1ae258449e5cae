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
 * The workers as one supervisor knows them. Four things are kept apart: a worker that cannot be reached gets nothing new;
 * one that said goodbye gets nothing more, and what it cannot finish is nobody's fault; one that is gone has lost its
 * attempts; and one that was not heard of for a lease counts as gone. A name is a worker's for many starts of its process,
 * an incarnation is one of them: once over it is over, whatever still arrives late or twice of it. Times are those of the
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
     * @param greeting the number of the supervisor's greeting that it last heard: of two starts under one name, the one
     *     that answers an older greeting is the older
     */
    public record Registration(
            String name,
            String incarnation,
            String numerics,
            String version,
            Set<Ticket> holds,
            Optional<Ticket> assists,
            long greeting) {
        public Registration {
            holds = Set.copyOf(holds);
        }
    }

    /** One incarnation of one worker. */
    private record Start(String name, String incarnation) {
        static Start of(Registration registration) {
            return new Start(registration.name(), registration.incarnation());
        }
    }

    private static final class Member {
        private final Registration registration;
        private final Set<Ticket> holds;
        private Optional<Ticket> assists;
        /** Empty while it can be reached. */
        private Optional<Duration> unreachableSince = Optional.empty();
        /** It said goodbye: it saves what it has, reports that and goes. */
        private boolean leaving;

        Member(Registration registration) {
            this.registration = registration;
            this.holds = new HashSet<>(registration.holds());
            this.assists = registration.assists();
        }
    }

    private final Limits limits;
    private Duration began;
    private final Map<String, Member> members = new TreeMap<>();
    /** Names whose last incarnation has ended, until they come again. */
    private final Set<String> gone = new HashSet<>();

    /** The latest greeting that a start of each name has answered. */
    private final Map<String, Long> greetings = new HashMap<>();

    /** Incarnations that get nothing any more: they said goodbye, were seen to end, or came again under another. */
    private final Set<Start> over = new HashSet<>();
    /** Of those, the ones that have not said goodbye, with what they held: their goodbye may still come. */
    private final Map<Start, Set<Ticket>> ended = new HashMap<>();
    /** Attempts of workers that said goodbye: when they end unfinished, nobody is charged. */
    private final Set<Ticket> excused = new HashSet<>();
    /** Names whose last incarnation said goodbye. */
    private final Set<String> saidGoodbye = new HashSet<>();

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

    /**
     * A worker introduced itself, for the first time, after a restart, or because it can be reached again.
     *
     * @return false when this incarnation is over: the word came late or twice
     */
    boolean joined(Registration registration) {
        if (over.contains(Start.of(registration))) {
            return false;
        }
        Member before = members.get(registration.name());
        boolean present = before != null && isOf(before, registration.incarnation());
        if (!present && registration.greeting() < greetings.getOrDefault(registration.name(), 0L)) {
            retire(Start.of(registration), registration.holds());
            return false;
        }
        meets(registration);
        saidGoodbye.remove(registration.name());
        return true;
    }

    /**
     * A worker says goodbye: it takes nothing more, saves and reports what it holds, and ends.
     *
     * @return false when its name is another incarnation's by now, or nobody's: the word came late
     */
    boolean leaves(Registration registration, Duration now) {
        excused.addAll(registration.holds());
        excused.addAll(ended.getOrDefault(Start.of(registration), Set.of()));
        Member before = members.get(registration.name());
        boolean present = before != null && isOf(before, registration.incarnation());
        if (!present && (before != null || over.contains(Start.of(registration)))) {
            over.add(Start.of(registration));
            return false;
        }
        over.add(Start.of(registration));
        Member member = meets(registration);
        excused.addAll(member.holds);
        saidGoodbye.add(registration.name());
        member.leaving = true;
        member.unreachableSince = Optional.of(now);
        return true;
    }

    private Member meets(Registration registration) {
        Member before = members.get(registration.name());
        Member member = new Member(registration);
        if (before != null && isOf(before, registration.incarnation())) {
            // What was sent to it may still be under way.
            member.holds.addAll(before.holds);
            member.assists = member.assists.or(() -> before.assists);
        } else if (before != null) {
            retire(Start.of(before.registration), before.holds);
        }
        members.put(registration.name(), member);
        gone.remove(registration.name());
        greetings.merge(registration.name(), registration.greeting(), Math::max);
        return member;
    }

    private static boolean isOf(Member member, String incarnation) {
        return member.registration.incarnation().equals(incarnation);
    }

    private void retire(Start start, Set<Ticket> holds) {
        // What said goodbye has been over since then.
        if (over.add(start)) {
            ended.put(start, holds);
        }
    }

    /**
     * Whether this incarnation, of which a word came after it was held for ended, may be asked to come again under
     * another: its name is nobody's now, and it has not said goodbye. A watch ends wrongly when a process that came back
     * has the address of one that the cluster removes.
     */
    public boolean mayComeAnew(Registration registration) {
        return ended.containsKey(Start.of(registration)) && !members.containsKey(registration.name());
    }

    /** The worker cannot be reached for now; it may well go on working. */
    public void unreachable(String name, Duration now) {
        Member member = members.get(name);
        if (member != null && member.unreachableSince.isEmpty()) {
            member.unreachableSince = Optional.of(now);
        }
    }

    /** A word of the worker's came: while it is out of reach, its lease begins anew. */
    void heard(String name, Duration now) {
        Member member = members.get(name);
        if (member != null && member.unreachableSince.isPresent()) {
            member.unreachableSince = Optional.of(now);
        }
    }

    /** This incarnation of the worker is gone for good: its process ended, or the cluster removed it. */
    public void left(String name, String incarnation) {
        Member member = members.get(name);
        if (member != null && isOf(member, incarnation)) {
            members.remove(name);
            gone.add(name);
            retire(new Start(name, incarnation), member.holds);
        } else {
            retire(new Start(name, incarnation), Set.of());
        }
    }

    /** The attempt was given to the worker. */
    void gave(String name, Ticket ticket) {
        if (saidGoodbye.contains(name)) {
            // Between the decision and its durability.
            excused.add(ticket);
        }
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

    /** Whether the attempt's worker said goodbye, so that its loss counts against nobody. */
    boolean isExcused(Ticket ticket) {
        return excused.contains(ticket);
    }

    private Optional<String> loss(Running running, Duration now) {
        String name = running.worker();
        Member member = members.get(name);
        if (member == null) {
            if (gone.contains(name)) {
                return Optional.of("worker %s is gone".formatted(name));
            }
            return hasPassed(began, now)
                    ? Optional.of("worker %s was not heard of for %s".formatted(name, text(limits.lease())))
                    : Optional.empty();
        }
        if (member.leaving && !member.holds.contains(running.ticket())) {
            return Optional.of("worker %s leaves without the attempt".formatted(name));
        }
        if (member.unreachableSince.isPresent()) {
            return hasPassed(member.unreachableSince.get(), now)
                    ? Optional.of("worker %s was out of reach for %s".formatted(name, text(limits.lease())))
                    : Optional.empty();
        }
        return member.holds.contains(running.ticket())
                ? Optional.empty()
                : Optional.of("worker %s was started anew, without the attempt".formatted(name));
    }

    private boolean hasPassed(Duration since, Duration now) {
        return now.minus(since).compareTo(limits.lease()) >= 0;
    }

    private static String text(Duration duration) {
        return duration.toSeconds() + " s";
    }
}
