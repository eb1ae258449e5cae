package io.blocksmith.run.simulation;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Event;
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
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.Step;
import io.blocksmith.run.Supervisor;
import io.blocksmith.run.Supervisor.Report;
import io.blocksmith.run.Supervisor.Submission;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import io.blocksmith.simulate.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Carries the core's {@link Supervisor} out as {@code cluster.RunSupervisor} does, over virtual time and a bad network. */
final class SimulatedSupervisor {
    static final Fleet.Limits FLEET = new Fleet.Limits(Duration.ofSeconds(12), 5, Duration.ofMinutes(4));
    static final Watchdog.Limits WATCHDOG =
            new Watchdog.Limits(Duration.ofSeconds(60), Duration.ofSeconds(25), 5, Duration.ofSeconds(5), 0.5);
    private static final long LOOK = 2000;
    private static final long REPEAT = 3000;

    private record Place(Assignment assignment, SimulatedWorker worker) {}

    private final World world;
    private final VirtualTime time;
    private final String host;
    private final Journal journal;
    private final Fleet fleet;
    private final Watchdog watchdog = new Watchdog(WATCHDOG);
    private final Troubles troubles = new Troubles();
    private final Map<String, SimulatedWorker> workers = new LinkedHashMap<>();
    /** The workers that are watched, under the incarnations by which they were known then. */
    private final Map<SimulatedWorker, String> watched = new LinkedHashMap<>();

    private Set<SimulatedWorker> listed = new LinkedHashSet<>();
    private final Map<Ticket, Place> unanswered = new LinkedHashMap<>();
    private final Supervisor core;
    private boolean awaitsJournal;
    private boolean looking;
    private boolean alive = true;
    private long round;

    SimulatedSupervisor(World world, String host) {
        this.world = world;
        this.time = world.time();
        this.host = host;
        this.journal = world.ledger().handle();
        this.fleet = new Fleet(FLEET, time.now());
        this.core =
                new Supervisor(world.decisions(), new Submission("simulated", "d"), host, fleet, watchdog, troubles);
        time.after(LOOK, this::look);
        time.after(REPEAT, this::repeat);
        goOn();
    }

    String host() {
        return host;
    }

    long epoch() {
        return core.epoch();
    }

    /** Whether it waits for the store, so that it cannot act. */
    boolean isBusy() {
        return awaitsJournal;
    }

    List<SimulatedWorker> known() {
        return List.copyOf(workers.values());
    }

    /** Whether it still leads, as far as it knows. */
    boolean active() {
        return alive && !core.isOver();
    }

    void die() {
        alive = false;
    }

    // What it is told.

    private void on(Runnable message) {
        if (active()) {
            message.run();
            goOn();
        }
    }

    void listed(Set<SimulatedWorker> found) {
        on(() -> {
            workers.forEach((name, worker) -> {
                if (!found.contains(worker)) {
                    world.trace(() -> host + " cannot reach " + name);
                    fleet.unreachable(name, time.now());
                    world.invariants().unreachable(this, name);
                }
            });
            listed = found;
            greet(found);
        });
    }

    private void greet(Set<SimulatedWorker> found) {
        if (core.epoch() > 0) {
            long mine = core.epoch();
            long number = ++round;
            found.forEach(worker -> world.network().send(host, worker.name(), () -> worker.hello(mine, number, this)));
        }
    }

    void joined(Registration registration, SimulatedWorker worker) {
        on(() -> {
            world.trace(() -> host + " hears of " + registration);
            if (!listed.contains(worker)) {
                return;
            }
            if (core.joined(registration, time.now())) {
                admit(registration, worker);
                world.invariants().joined(this, registration);
            } else if (fleet.mayComeAnew(registration)) {
                world.network().send(host, worker.name(), () -> worker.comeAnew(registration.incarnation()));
            }
        });
    }

    void leaves(Registration registration, SimulatedWorker worker) {
        on(() -> {
            world.trace(() -> host + " hears a goodbye of " + registration);
            world.invariants().saidGoodbye(this, registration);
            if (core.leaves(registration, time.now())) {
                admit(registration, worker);
            }
        });
    }

    private void admit(Registration registration, SimulatedWorker worker) {
        SimulatedWorker before = workers.put(registration.name(), worker);
        if (before != null && before != worker) {
            watched.remove(before);
        }
        watched.put(worker, registration.incarnation());
    }

    void lose(SimulatedWorker worker) {
        on(() -> {
            String incarnation = watched.remove(worker);
            if (incarnation != null) {
                world.trace(() -> host + " holds " + worker + " for gone");
                workers.remove(worker.name(), worker);
                fleet.left(worker.name(), incarnation);
                world.invariants().ended(this, worker.name(), incarnation);
            }
        });
    }

    void progressed(Progress progress) {
        on(() -> {
            if (core.progressed(progress, time.now())) {
                unanswered.remove(progress.ticket());
            }
        });
    }

    void started(Ticket ticket) {
        on(() -> unanswered.remove(ticket));
    }

    void ended(Ticket ticket, SimulatedWorker worker, Outcome outcome) {
        on(() -> core.reported(new Report(ticket, worker.name(), outcome, () -> {
            world.invariants().returned(this, worker.name(), ticket);
            world.network().send(host, worker.name(), () -> worker.acknowledged(ticket));
        })));
    }

    void assistEnded(Ticket ticket, String worker) {
        on(() -> fleet.endedAssist(worker, ticket));
    }

    void stop(String reason) {
        on(() -> core.stop(reason));
    }

    // Journal.

    private <T> void toStore(Supplier<T> call, Consumer<T> answered) {
        awaitsJournal = true;
        time.after(1 + world.random().nextInt(20), () -> {
            if (!alive) {
                return;
            }
            try {
                T answer = call.get();
                answerLater(() -> {
                    awaitsJournal = false;
                    answered.accept(answer);
                });
            } catch (BlocksmithException failure) {
                if (failure.category() == Category.DEFECT) {
                    throw failure;
                }
                answerLater(() -> core.journalFailed(failure));
            }
        });
    }

    private void answerLater(Runnable answer) {
        time.after(1 + world.random().nextInt(20), () -> on(answer));
    }

    private void read() {
        toStore(journal::read, read -> core.read(read, new LinkedHashMap<>(), time.now()));
    }

    private void append(Event event) {
        if (event instanceof StageStarted started) {
            world.invariants().decided(this, core.state(), started);
        }
        if (event instanceof StageFailed failed) {
            world.invariants().decided(this, failed);
        }
        toStore(() -> world.appending(this, () -> journal.append(event)), appended -> {
            if (appended instanceof Appended.Fenced(String holder, long theirs)) {
                world.trace(() -> host + " is fenced by " + holder + " epoch " + theirs);
            }
            core.appended(appended, time.now());
            if (appended instanceof Appended.Durable && event instanceof SupervisorStarted) {
                world.list(this);
            }
        });
    }

    // What the core wants.

    private void goOn() {
        core.next(time.now(), Instant.EPOCH).forEach(this::carryOut);
    }

    private void carryOut(Step step) {
        switch (step) {
            case Step.ReadJournal() -> read();
            case Step.ReadJournalLater(Duration after, String reason) -> {
                world.trace(() -> host + " journal: " + reason + ", again in " + after);
                time.after(after.toMillis(), this::read);
            }
            case Step.Append(Event event) -> append(event);
            case Step.FoundDurable(Event event) -> world.trace(() -> host + " finds durable " + event);
            case Step.Place(Assignment assignment, String worker) -> place(assignment, worker);
            case Step.Forget(Ticket ticket) -> unanswered.remove(ticket);
            case Step.Tell(CancelAttempt(Ticket ticket, String worker)) -> tell(worker, node -> node.cancel(ticket));
            case Step.Tell(Assist(Assignment assignment, String worker)) ->
                tell(worker, node -> node.assist(assignment));
            case Step.Tell(EndAssist(Ticket ticket, String worker)) -> tell(worker, node -> node.endAssist(ticket));
            case Step.Acknowledge(Report report, boolean _) ->
                report.acknowledge().run();
            case Step.Fulfil(String request) -> world.requests().remove(request);
            case Step.End(RunOutcome outcome) -> {
                if (outcome instanceof RunOutcome.Completed || outcome instanceof RunOutcome.Stopped) {
                    world.requests().values().removeIf(Request.Cancel.class::isInstance);
                }
            }
        }
    }

    private void place(Assignment assignment, String name) {
        SimulatedWorker worker = workers.get(name);
        if (worker != null) {
            world.invariants().gave(this, name, assignment.ticket());
            Place place = new Place(assignment, worker);
            unanswered.put(assignment.ticket(), place);
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

    private void tell(String name, Consumer<SimulatedWorker> message) {
        SimulatedWorker worker = workers.get(name);
        if (worker != null) {
            world.network().send(host, name, () -> message.accept(worker));
        }
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
            core.findSlow(time.now());
            if (looking || core.epoch() == 0) {
                return;
            }
            looking = true;
            boolean probe = troubles.wantsProbe(time.now());
            time.after(
                    1 + world.random().nextInt(20),
                    () -> on(() -> {
                        looking = false;
                        if (world.health().works()) {
                            core.asked(world.requests());
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
                        core.epoch(),
                        alive ? "" : " dead",
                        core.isOver() ? " over" : "",
                        awaitsJournal ? " busy" : "",
                        core.isStopping() ? " stopping" : "",
                        fleet.known().keySet(),
                        fleet.reachable(time.now()),
                        troubles.text());
    }
}
