package io.blocksmith.run.simulation;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Command;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Command.Recorded;
import io.blocksmith.run.Command.Told;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Situation;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import io.blocksmith.run.Watchdog.Straggler;
import io.blocksmith.simulate.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The steps of {@code cluster.RunSupervisor} on virtual time, over the same pure core. */
final class SimulatedSupervisor {
    static final Fleet.Limits FLEET = new Fleet.Limits(Duration.ofSeconds(12), 5, Duration.ofMinutes(4));
    static final Watchdog.Limits WATCHDOG =
            new Watchdog.Limits(Duration.ofSeconds(60), Duration.ofSeconds(25), 5, Duration.ofSeconds(5), 0.5);
    private static final long LOOK = 2000;
    private static final long REPEAT = 3000;

    private record Report(Ticket ticket, SimulatedWorker worker, Outcome outcome) {}

    private record Place(Assignment assignment, SimulatedWorker worker) {}

    private final World world;
    private final VirtualTime time;
    private final String host;
    private final Journal journal;
    private final Fleet fleet;
    private final Watchdog watchdog = new Watchdog(WATCHDOG);
    private final Troubles troubles = new Troubles();
    private final Map<String, SimulatedWorker> workers = new LinkedHashMap<>();
    /** Nothing is heard of an actor after its end. */
    private final Set<SimulatedWorker> lost = new HashSet<>();

    private Set<SimulatedWorker> listed = new LinkedHashSet<>();
    private final Deque<Report> reports = new ArrayDeque<>();
    private final SequencedMap<String, Request> requests = new LinkedHashMap<>();
    /** Requests that change nothing by a state that was read since they came. */
    private final Set<String> confirmed = new HashSet<>();

    private final Map<Ticket, Place> unanswered = new LinkedHashMap<>();
    private Optional<String> stopRequested = Optional.empty();
    private RunState state = RunState.empty();
    private long epoch;
    private boolean journalBusy;
    private boolean looking;
    private boolean steppingDown;
    private boolean ended;
    private boolean alive = true;

    SimulatedSupervisor(World world, String host) {
        this.world = world;
        this.time = world.time();
        this.host = host;
        this.journal = world.ledger().handle();
        this.fleet = new Fleet(FLEET, time.now());
        read();
        time.after(LOOK, this::look);
        time.after(REPEAT, this::repeat);
    }

    String host() {
        return host;
    }

    long epoch() {
        return epoch;
    }

    /** Whether it waits for the store, so that it cannot act. */
    boolean isBusy() {
        return journalBusy;
    }

    List<SimulatedWorker> known() {
        return List.copyOf(workers.values());
    }

    /** Whether it still leads, as far as it knows. */
    boolean active() {
        return alive && !ended;
    }

    void die() {
        alive = false;
    }

    private static Instant at() {
        return Instant.EPOCH;
    }

    // What it is told.

    private void on(Runnable message) {
        if (active()) {
            message.run();
            advance();
        }
    }

    void listed(Set<SimulatedWorker> found) {
        on(() -> {
            workers.forEach((name, worker) -> {
                if (!found.contains(worker)) {
                    fleet.unreachable(name, time.now());
                    world.invariants().unreachable(this, name);
                }
            });
            listed = found;
            greet(found);
        });
    }

    private void greet(Set<SimulatedWorker> found) {
        if (epoch > 0) {
            long mine = epoch;
            found.forEach(worker -> world.network().send(host, worker.name(), () -> worker.hello(mine, this)));
        }
    }

    void joined(Registration registration, SimulatedWorker worker) {
        on(() -> {
            if (lost.contains(worker)) {
                return;
            }
            workers.put(registration.name(), worker);
            fleet.joined(registration);
            world.invariants().joined(this, registration);
            state.running().stream()
                    .filter(running -> running.worker().equals(registration.name()))
                    .forEach(running -> watchdog.began(running.ticket(), time.now()));
        });
    }

    void lose(SimulatedWorker worker) {
        on(() -> {
            lost.add(worker);
            if (workers.remove(worker.name(), worker)) {
                fleet.left(worker.name());
                world.invariants().unreachable(this, worker.name());
            }
        });
    }

    void progressed(Progress progress) {
        on(() -> {
            if (state.isRunning(progress.ticket())) {
                unanswered.remove(progress.ticket());
                watchdog.progressed(progress, time.now());
            }
        });
    }

    void started(Ticket ticket) {
        on(() -> unanswered.remove(ticket));
    }

    void ended(Ticket ticket, SimulatedWorker worker, Outcome outcome) {
        on(() -> {
            reports.add(new Report(ticket, worker, outcome));
        });
    }

    void assistEnded(Ticket ticket, String worker) {
        on(() -> fleet.endedAssist(worker, ticket));
    }

    void stop(String reason) {
        on(() -> stopRequested = Optional.of(reason));
    }

    // Journal.

    private <T> void toStore(Supplier<T> call, Consumer<T> answered) {
        journalBusy = true;
        time.after(1 + world.random().nextInt(20), () -> {
            if (!alive) {
                return;
            }
            try {
                T answer = call.get();
                answerLater(() -> answered.accept(answer));
            } catch (BlocksmithException failure) {
                if (failure.category() == Category.DEFECT) {
                    throw failure;
                }
                answerLater(() -> journalFailed(failure));
            }
        });
    }

    private void answerLater(Runnable answer) {
        time.after(
                1 + world.random().nextInt(20),
                () -> on(() -> {
                    journalBusy = false;
                    answer.run();
                }));
    }

    private void read() {
        toStore(journal::read, this::take);
    }

    private void take(RunState read) {
        troubles.journalRead();
        boolean mine = epoch > 0 && read.epoch() == epoch;
        RunState known = state;
        state = read;
        if (mine) {
            // A start whose answer got lost is durable, and its worker has not heard of it.
            read.running().stream()
                    .filter(running -> running.ticket().epoch() == epoch && !known.isRunning(running.ticket()))
                    .forEach(this::place);
        }
        if (read.phase() == Phase.NEW) {
            append(new RunSubmitted(
                    at(), "simulated", "d", world.plan().segments().blocks()));
        } else if (read.phase() == Phase.COMPLETED) {
            ended = true;
        } else if (epoch > 0 && !mine) {
            steppingDown = true;
        } else if (mine && read.phase() == Phase.STOPPED) {
            ended = true;
        } else if (!mine) {
            append(new SupervisorStarted(at(), state.epoch() + 1, host));
        }
    }

    private void journalFailed(BlocksmithException failure) {
        Duration wait = troubles.journalFailed(failure.getMessage());
        world.trace(() -> host + " journal: " + failure.getMessage() + ", again in " + wait);
        journalBusy = true;
        time.after(wait.toMillis(), () -> on(this::read));
    }

    private void append(Event event) {
        append(event, () -> {});
    }

    private void append(Event event, Runnable acknowledge) {
        RunState unused = state.after(event);
        toStore(() -> world.appending(this, () -> journal.append(event)), appended -> {
            troubles.journalWritten();
            switch (appended) {
                case Appended.Durable() -> durable(event, acknowledge);
                case Appended.Fenced(String holder, long theirs) -> {
                    world.trace(() -> host + " is fenced by " + holder + " epoch " + theirs);
                    steppingDown = true;
                }
            }
        });
    }

    private void durable(Event event, Runnable acknowledge) {
        state = state.after(event);
        acknowledge.run();
        switch (event) {
            case RunSubmitted _ -> append(new SupervisorStarted(at(), state.epoch() + 1, host));
            case SupervisorStarted started -> {
                epoch = started.epoch();
                fleet.listens(time.now());
                state.running().forEach(running -> watchdog.began(running.ticket(), time.now()));
                world.list(this);
            }
            case StageStarted started ->
                place((Running) state.stage(started.ticket().stage()));
            case StageCommitted(var _, Ticket ticket, var _) -> {
                over(ticket);
                troubles.committed();
            }
            case StageCancelled(var _, Ticket ticket, var _) -> over(ticket);
            case StageDamaged damaged -> over(damaged.ticket());
            case StageFailed failed -> {
                over(failed.ticket());
                fleet.failed(failed.worker(), failed.category(), time.now());
                troubles.stageFailed(state, failed, time.now());
            }
            case RunCompleted _, RunStopped _ -> {
                ended = true;
                world.requests().values().removeIf(Request.Cancel.class::isInstance);
            }
            case Event.RunPaused _, Event.RunResumed _, Event.StageReset _ -> {}
            case Event.WorkerDrained _, Event.WorkerReturned _ -> {}
        }
    }

    private void place(Running started) {
        SimulatedWorker worker = workers.get(started.worker());
        if (worker != null) {
            Ticket ticket = started.ticket();
            fleet.gave(started.worker(), ticket);
            world.invariants().gave(this, started.worker(), ticket);
            watchdog.began(ticket, time.now());
            Place place = new Place(new Assignment(ticket, started.adjustment()), worker);
            unanswered.put(ticket, place);
            send(place);
        }
    }

    private void send(Place place) {
        world.network().send(host, place.worker().name(), () -> place.worker().start(place.assignment(), this));
    }

    private void repeat() {
        if (active()) {
            unanswered.values().forEach(this::send);
            time.after(REPEAT, this::repeat);
        }
    }

    private void over(Ticket ticket) {
        watchdog.ended(ticket);
        unanswered.remove(ticket);
    }

    // The step.

    private void advance() {
        if (ended || journalBusy) {
            return;
        }
        if (steppingDown) {
            ended = true;
            return;
        }
        if (epoch == 0) {
            return;
        }
        for (Report report = reports.poll(); report != null; report = reports.poll()) {
            Ticket ticket = report.ticket();
            SimulatedWorker worker = report.worker();
            // Until its end is durable the attempt is the worker's: should the ledger fail, it is reported again.
            Runnable acknowledge = () -> {
                fleet.returned(worker.name(), ticket);
                world.invariants().returned(this, worker.name(), ticket);
                world.network().send(host, worker.name(), () -> worker.acknowledged(ticket));
            };
            Optional<Event> event = Outcome.event(state, ticket, worker.name(), report.outcome(), at());
            if (event.isPresent()) {
                append(event.get(), acknowledge);
                return;
            }
            acknowledge.run();
        }
        for (var request = requests.pollFirstEntry(); request != null; request = requests.pollFirstEntry()) {
            if (fulfil(request.getKey(), request.getValue())) {
                return;
            }
        }
        List<Command> commands = world.decisions().decide(state, situation());
        for (Command decided : commands) {
            switch (decided) {
                case Told told -> tell(told);
                case Recorded recorded -> {
                    world.invariants().decided(this, state, decided);
                    append(recorded.event(at()));
                    return;
                }
            }
        }
    }

    private boolean fulfil(String id, Request request) {
        if (request instanceof Request.Cancel(String by)) {
            stopRequested = Optional.of("cancelled by " + by);
            return false;
        }
        Optional<Event> event = request.event(state, at());
        if (event.isEmpty()) {
            if (confirmed.remove(id)) {
                world.requests().remove(id);
                return false;
            }
            // Whoever was overtaken unawares must not wave away what its successor is asked: the ledger tells.
            confirmed.add(id);
            requests.putFirst(id, request);
            read();
            return true;
        }
        append(event.get(), () -> world.requests().remove(id));
        return true;
    }

    private void tell(Told told) {
        switch (told) {
            case CancelAttempt(Ticket ticket, String worker) -> toWorker(worker, node -> node.cancel(ticket));
            case Assist(Assignment assignment, String worker) -> {
                fleet.assists(worker, assignment.ticket());
                toWorker(worker, node -> node.assist(assignment));
            }
            case EndAssist(Ticket ticket, String worker) -> toWorker(worker, node -> node.endAssist(ticket));
        }
    }

    private void toWorker(String name, Consumer<SimulatedWorker> message) {
        SimulatedWorker worker = workers.get(name);
        if (worker != null) {
            world.network().send(host, name, () -> message.accept(worker));
        }
    }

    private Situation situation() {
        Duration now = time.now();
        var reachable = fleet.reachable(now);
        List<Ticket> heard = state.running().stream()
                .filter(running -> reachable.containsKey(running.worker()))
                .map(Running::ticket)
                .toList();
        return troubles.situation(state, fleet, watchdog, heard, stopRequested, now);
    }

    private void look() {
        if (!active()) {
            return;
        }
        time.after(LOOK, this::look);
        on(() -> {
            Set<String> heard = fleet.reachable(time.now()).keySet();
            Set<SimulatedWorker> silent = new LinkedHashSet<>(listed);
            silent.removeIf(worker -> heard.contains(worker.name()) && workers.containsValue(worker));
            greet(silent);
            for (Straggler straggler : watchdog.stragglers(time.now())) {
                state.running().stream()
                        .filter(running -> running.ticket().equals(straggler.ticket()))
                        .forEach(running -> fleet.isSlow(running.worker(), time.now()));
            }
            if (looking || epoch == 0) {
                return;
            }
            looking = true;
            boolean probe = troubles.wantsProbe(time.now());
            time.after(
                    1 + world.random().nextInt(20),
                    () -> on(() -> {
                        looking = false;
                        if (world.health().works()) {
                            requests.clear();
                            requests.putAll(world.requests());
                        }
                        if (probe) {
                            troubles.storeIsUsable(world.health().works(), time.now());
                        }
                    }));
        });
    }

    @Override
    public String toString() {
        return "%s epoch %d%s%s%s%s known %s reachable %s trouble %s"
                .formatted(
                        host,
                        epoch,
                        alive ? "" : " dead",
                        ended ? " ended" : "",
                        journalBusy ? " busy" : "",
                        stopRequested,
                        fleet.known().keySet(),
                        fleet.reachable(time.now()),
                        troubles.text());
    }
}
