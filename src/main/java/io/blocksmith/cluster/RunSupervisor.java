package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import io.blocksmith.cluster.wire.Wire;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Command.EndAssist;
import io.blocksmith.run.Decisions;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunPaused;
import io.blocksmith.run.Event.RunResumed;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageReset;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Event.WorkerDrained;
import io.blocksmith.run.Event.WorkerReturned;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.Requests;
import io.blocksmith.run.RunOutcome;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.Step;
import io.blocksmith.run.Supervisor;
import io.blocksmith.run.Supervisor.Report;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.TimeLeft;
import io.blocksmith.run.Trail;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import io.blocksmith.run.WorkerView;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Carries a {@link Supervisor} out: greets every worker that the receptionist knows, passes on what it hears, and does
 * what the supervisor wants next. The journal is read and written on a dispatcher for blocking work; meanwhile messages
 * are answered.
 */
public final class RunSupervisor extends AbstractBehavior<RunSupervisor.Command> {

    /** What a supervisor is told. */
    public sealed interface Command {}

    /** Answer with the run as it is now. */
    public record GetStatus(ActorRef<RunStatus> replyTo) implements Command {}

    /** Let the run rest at the end of the present steps. */
    public record Stop(String reason) implements Command {}

    /**
     * From a worker, in answer to a greeting: who it is and what it holds.
     *
     * @param node the unique part of its node's address; 0 where there is no cluster
     */
    record WorkerJoined(Fleet.Registration registration, long node, ActorRef<WorkerNode.Command> worker)
            implements Command, Wire {}

    /** From a worker: an attempt has come further. */
    record AttemptProgressed(Progress progress) implements Command, Wire {}

    /** From a worker: an attempt is over; repeated until acknowledged. */
    record AttemptEnded(Ticket ticket, String worker, Outcome outcome, ActorRef<WorkerNode.Command> replyTo)
            implements Command, Wire {}

    /** From a worker: it shares the attempt no longer, or never did. */
    record AssistEnded(Ticket ticket, String worker) implements Command, Wire {}

    /** From a worker: it takes nothing more, and reports what it holds before its process ends; said more than once. */
    record WorkerLeaves(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker)
            implements Command, Wire {}

    private record WorkersListed(Set<ActorRef<WorkerNode.Command>> workers) implements Command {}

    record WorkerLost(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker) implements Command {}

    record JournalRead(RunState state, SequencedMap<String, Request> asked) implements Command {}

    record JournalAppended(Event event, Appended appended) implements Command {}

    record JournalFailed(Throwable cause) implements Command {}

    record Looked(Lookout.Found found) implements Command {}

    record Fulfilled(String id, Optional<Throwable> failure) implements Command {}

    record SaidFarewell(RunOutcome outcome, Optional<Throwable> failure) implements Command {}

    enum Tick implements Command {
        LOOK,
        READ_JOURNAL
    }

    /**
     * What a supervisor is made with.
     *
     * @param submission recorded when the journal is empty, compared with it otherwise
     * @param work how far the run is, and how long it takes
     * @param holder who this supervisor is, for people: host and process
     * @param clock stamps events
     * @param nanoTime measures durations
     */
    public record Settings(
            Supervisor.Submission submission,
            Decisions decisions,
            RunWork work,
            Journal journal,
            Requests requests,
            RunBeacon beacon,
            Fleet.Limits fleet,
            Watchdog.Limits watchdog,
            Pace pace,
            String holder,
            InstantSource clock,
            LongSupplier nanoTime) {}

    private final Settings settings;
    private final ActorRef<Observer.Command> observer;
    private final TimerScheduler<Command> timers;
    private final Fleet fleet;
    private final Watchdog watchdog;
    private final Troubles troubles;
    private final Supervisor supervisor;
    private final Roster roster;
    private final Placements placements;
    private final Scribe scribe;
    private final Lookout lookout;
    private final TimeLeft timeLeft;

    /** Of the attempts under way. */
    private final Map<Ticket, Trail> trails = new HashMap<>();

    private RunSupervisor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Settings settings,
            ActorRef<Observer.Command> observer) {
        super(context);
        // By default it is that of whoever asks first, which is Akka itself when a timer does.
        context.setLoggerName(RunSupervisor.class);
        this.settings = settings;
        this.observer = observer;
        this.timeLeft = new TimeLeft(settings.work(), settings.nanoTime());
        this.timers = timers;
        this.fleet = new Fleet(settings.fleet(), now());
        this.watchdog = new Watchdog(settings.watchdog());
        this.troubles = new Troubles();
        this.supervisor = new Supervisor(
                settings.decisions(), settings.submission(), settings.holder(), fleet, watchdog, troubles);
        Executor files = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        this.roster = new Roster(context, fleet, this::now);
        this.placements = new Placements(
                context, settings.decisions().plan().segments(), settings.pace().repeatEvery());
        this.scribe = new Scribe(context, timers, settings, files);
        this.lookout = new Lookout(context, settings, files);
        timers.startTimerWithFixedDelay(Tick.LOOK, Tick.LOOK, settings.pace().lookEvery());
        goOn();
    }

    /** A supervisor that takes its run over at once and tells {@code observer} of everything durable. */
    static Behavior<Command> create(Settings settings, ActorRef<Observer.Command> observer) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new RunSupervisor(context, timers, settings, observer)));
    }

    private Duration now() {
        return Duration.ofNanos(settings.nanoTime().getAsLong());
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder().onAnyMessage(this::on).build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case GetStatus(ActorRef<RunStatus> replyTo) -> replyTo.tell(status());
            case Stop(String reason) -> supervisor.stop(reason);
            case WorkersListed(Set<ActorRef<WorkerNode.Command>> found) -> roster.listed(found);
            case WorkerJoined joined -> join(joined);
            case WorkerLost(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker) ->
                roster.lose(registration, worker);
            case AttemptProgressed(Progress progress) -> progressed(progress);
            case AttemptEnded(Ticket ticket, String name, Outcome outcome, ActorRef<WorkerNode.Command> worker) ->
                supervisor.reported(
                        new Report(ticket, name, outcome, () -> worker.tell(new WorkerNode.Acknowledged(ticket))));
            case AssistEnded(Ticket ticket, String worker) -> fleet.endedAssist(worker, ticket);
            case WorkerLeaves(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker) -> {
                if (supervisor.leaves(registration, now())) {
                    roster.admit(registration, worker);
                }
            }
            case JournalRead(RunState read, var asked) -> supervisor.read(read, asked, now());
            case JournalAppended(Event event, Appended appended) -> {
                supervisor.appended(appended, now());
                if (appended instanceof Appended.Durable) {
                    recorded(event);
                }
            }
            case JournalFailed(Throwable cause) -> supervisor.journalFailed(cause);
            case Looked(Lookout.Found found) -> looked(found);
            case Fulfilled(String id, Optional<Throwable> failure) ->
                failure.ifPresent(
                        cause -> getContext().getLog().warn("request {} stays for now: {}", id, words(cause)));
            case SaidFarewell(RunOutcome outcome, Optional<Throwable> failure) -> {
                failure.ifPresent(cause -> getContext().getLog().warn("the farewell failed: {}", words(cause)));
                observer.tell(new Observer.Ended(outcome));
            }
            case Tick tick -> {
                switch (tick) {
                    case LOOK -> look();
                    case READ_JOURNAL -> scribe.read();
                }
            }
        }
        goOn();
        return this;
    }

    private void join(WorkerJoined joined) {
        if (!roster.isMember(joined)) {
            // It is greeted again with the next look.
            return;
        }
        if (supervisor.joined(joined.registration(), now())) {
            roster.admit(joined.registration(), joined.worker());
        } else {
            roster.refuse(joined);
        }
    }

    private void progressed(Progress progress) {
        Ticket ticket = progress.ticket();
        if (!supervisor.progressed(progress, now())) {
            observer.tell(new Observer.Stale(ticket));
            return;
        }
        placements.of(ticket.stage()).tell(new Placement.Started(ticket));
        trails.computeIfAbsent(ticket, _ -> new Trail())
                .progressed(progress, settings.clock().instant());
        observer.tell(new Observer.Progressed(progress));
    }

    private void goOn() {
        supervisor.next(now(), settings.clock().instant()).forEach(this::carryOut);
    }

    private void carryOut(Step step) {
        switch (step) {
            case Step.ReadJournal() -> scribe.read();
            case Step.ReadJournalLater(Duration after, String reason) -> scribe.readLater(after, reason);
            case Step.Append(Event event) -> scribe.append(event);
            case Step.FoundDurable(Event event) -> recorded(event);
            case Step.Place(Assignment assignment, String name) ->
                roster.find(name)
                        .ifPresent(worker -> placements
                                .of(assignment.ticket().stage())
                                .tell(new Placement.Place(assignment, worker)));
            case Step.Forget(Ticket ticket) -> {
                trails.remove(ticket);
                placements.of(ticket.stage()).tell(new Placement.Forget(ticket));
            }
            case Step.Tell(CancelAttempt(Ticket ticket, String worker)) ->
                roster.tell(worker, new WorkerNode.Cancel(ticket));
            case Step.Tell(Assist(Assignment assignment, String worker)) ->
                roster.tell(worker, new WorkerNode.Assist(assignment));
            case Step.Tell(EndAssist(Ticket ticket, String worker)) ->
                roster.tell(worker, new WorkerNode.EndAssist(ticket));
            case Step.Acknowledge(Report report, boolean stale) -> {
                if (stale) {
                    observer.tell(new Observer.Stale(report.ticket()));
                }
                report.acknowledge().run();
            }
            case Step.Fulfil(String request) -> lookout.done(request);
            case Step.End(RunOutcome outcome) -> end(outcome);
        }
    }

    /** The event is durable: those who watch hear of it. */
    private void recorded(Event event) {
        observer.tell(new Observer.Recorded(event, supervisor.state()));
        Logger log = getContext().getLog();
        switch (event) {
            case SupervisorStarted started -> listen(started.epoch());
            case StageDamaged damaged ->
                log.warn("{} is done again: {}", damaged.source().key(), damaged.reason());
            case StageFailed failed ->
                log.warn("{} failed ({}): {}", failed.ticket(), failed.category(), failed.reason());
            case RunPaused paused -> log.info("paused: {}", paused.reason());
            case RunResumed resumed -> log.info("resumed: {}", resumed.reason());
            case StageReset reset -> log.info("{}: {}", reset.stage().key(), reset.reason());
            case WorkerDrained drained -> log.info("worker {}: {}", drained.worker(), drained.reason());
            case WorkerReturned returned -> log.info("worker {} is back", returned.worker());
            case RunSubmitted _, StageStarted _, StageCommitted _, StageCancelled _, RunCompleted _, RunStopped _ -> {}
        }
    }

    private void listen(long epoch) {
        String run = supervisor.state().run();
        roster.listen(run, epoch);
        getContext().getLog().info("supervising {} in epoch {}", run, epoch);
        ActorRef<Receptionist.Listing> listings = getContext()
                .messageAdapter(
                        Receptionist.Listing.class,
                        listing -> new WorkersListed(listing.getServiceInstances(WorkerNode.KEY)));
        getContext().getSystem().receptionist().tell(Receptionist.subscribe(WorkerNode.KEY, listings));
    }

    // What is done now and then.

    private void look() {
        roster.greetSilent();
        supervisor
                .findSlow(now())
                .forEach((worker, straggler) -> getContext()
                        .getLog()
                        .warn(
                                "worker {} is slow at {}: {} tokens/s, its peers {}",
                                worker,
                                straggler.ticket(),
                                Math.round(straggler.tokensPerSecond()),
                                Math.round(straggler.median())));
        if (!supervisor.isOver() && supervisor.epoch() > 0) {
            RunStatus status = status();
            observer.tell(new Observer.Looked(status));
            lookout.look(status, troubles.wantsProbe(now()));
        }
    }

    private void looked(Lookout.Found found) {
        lookout.returned(found);
        found.shownBefore().ifPresent(this::takeTrailsOver);
        found.requests().ifPresent(supervisor::asked);
        found.writable().ifPresent(usable -> troubles.storeIsUsable(usable, now()));
    }

    /** What the supervisor before this one has seen of attempts that are still under way. */
    private void takeTrailsOver(LiveRun before) {
        for (LiveRun.Attempt attempt : before.attempts()) {
            Ticket ticket = attempt.progress().ticket();
            if (supervisor.state().isRunning(ticket)) {
                trails.merge(ticket, Trail.after(attempt.seen()), (own, earlier) -> earlier.and(own.seen()));
            }
        }
    }

    private RunStatus status() {
        RunState state = supervisor.state();
        Map<Ticket, Progress> progress = new HashMap<>();
        state.running()
                .forEach(running ->
                        watchdog.latest(running.ticket()).ifPresent(latest -> progress.put(running.ticket(), latest)));
        Set<Ticket> slow = new HashSet<>();
        watchdog.stragglers(now()).forEach(straggler -> slow.add(straggler.ticket()));
        Map<Ticket, Trail.Seen> seen = new HashMap<>();
        trails.forEach((ticket, trail) -> seen.put(ticket, trail.seen()));
        Map<String, WorkerView> reachable = fleet.reachable(now());
        return new RunStatus(
                state,
                progress,
                seen,
                fleet.known(),
                reachable,
                slow,
                supervisor.isStopping(),
                settings.work().fraction(state, progress.values()),
                timeLeft.at(state, progress.values(), able(reachable, state)),
                troubles.text());
    }

    /** Workers that may be given work. */
    private static int able(Map<String, WorkerView> reachable, RunState state) {
        return (int) reachable.entrySet().stream()
                .filter(worker ->
                        !worker.getValue().quarantined() && !state.drained().contains(worker.getKey()))
                .count();
    }

    private void end(RunOutcome outcome) {
        if (outcome instanceof RunOutcome.Fenced(String holder, long epoch)) {
            getContext().getLog().warn("the run was taken over by {} (epoch {}); stepping back", holder, epoch);
        }
        roster.fallSilent();
        timers.cancelAll();
        boolean rests = outcome instanceof RunOutcome.Completed || outcome instanceof RunOutcome.Stopped;
        Optional<RunStatus> last = rests ? Optional.of(status()) : Optional.empty();
        last.ifPresent(status -> observer.tell(new Observer.Looked(status)));
        lookout.leave(outcome, last);
    }

    static Throwable cause(Throwable failure) {
        return failure.getCause() == null ? failure : failure.getCause();
    }

    /** The failure of work that was done elsewhere, for people: what is known has a message that needs no name. */
    static String words(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? cause(failure) : failure;
        return cause instanceof BlocksmithException known ? known.getMessage() : cause.toString();
    }
}
