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
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Fleet;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Request;
import io.blocksmith.run.Requests;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.RunWork;
import io.blocksmith.run.Situation;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.TimeLeft;
import io.blocksmith.run.Trail;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import io.blocksmith.run.Watchdog.Straggler;
import io.blocksmith.run.WorkerView;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Owns one run: reads its journal, takes it over under a new epoch, greets every worker that the receptionist knows, and
 * then repeats one step until the run rests: take a report, a request or else a decision, append its event, and only when
 * that is durable change the state, tell the world and acknowledge. One append is under way at a time, on a dispatcher for
 * blocking work; meanwhile messages are answered.
 */
public final class RunSupervisor extends AbstractBehavior<RunSupervisor.Command> {

    /** How often a supervisor that takes over may meet a record of somebody else's in its place. */
    private static final int OVERTAKEN = 5;

    /** What a supervisor is told. */
    public sealed interface Command {}

    /** Answer with the run as it is now. */
    public record GetStatus(ActorRef<RunStatus> replyTo) implements Command {}

    /** Let the run rest at the end of the present steps. */
    public record Stop(String reason) implements Command {}

    /** From a worker, in answer to a greeting: who it is and what it holds. */
    record WorkerJoined(Fleet.Registration registration, ActorRef<WorkerNode.Command> worker)
            implements Command, Wire {}

    /** From a worker: an attempt has come further. */
    record AttemptProgressed(Progress progress) implements Command, Wire {}

    /** From a worker: an attempt is over; repeated until acknowledged. */
    record AttemptEnded(Ticket ticket, String worker, Outcome outcome, ActorRef<WorkerNode.Command> replyTo)
            implements Command, Wire {}

    /** From a worker: it shares the attempt no longer, or never did. */
    record AssistEnded(Ticket ticket, String worker) implements Command, Wire {}

    /** From a worker: it takes nothing more, and reports what it had before its process ends. */
    record WorkerLeaves(String worker) implements Command, Wire {}

    private record WorkersListed(Set<ActorRef<WorkerNode.Command>> workers) implements Command {}

    record WorkerLost(String name, ActorRef<WorkerNode.Command> worker) implements Command {}

    record JournalRead(RunState state, SequencedMap<String, Request> asked) implements Command {}

    record JournalAppended(Event event, Runnable acknowledge, Appended appended) implements Command {}

    record JournalFailed(Throwable cause) implements Command {}

    record Looked(Lookout.Found found) implements Command {}

    record Fulfilled(String id, Optional<Throwable> failure) implements Command {}

    record SaidFarewell(RunOutcome outcome, Optional<Throwable> failure) implements Command {}

    enum Tick implements Command {
        LOOK,
        JOURNAL_AGAIN
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
            RunSubmission submission,
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

    /** The run that is to be supervised. */
    public record RunSubmission(String run, String identityDigest) {}

    private final Settings settings;
    private final ActorRef<Observer.Command> observer;
    private final TimerScheduler<Command> timers;
    private final Fleet fleet;
    private final Watchdog watchdog;
    private final Troubles troubles;
    private final Roster roster;
    private final Placements placements;
    private final Scribe scribe;
    private final Lookout lookout;
    private final TimeLeft timeLeft;

    private RunState state = RunState.empty();
    /** The epoch that this supervisor has made durable; 0 before. */
    private long epoch;

    /** Of the attempts under way. */
    private final Map<Ticket, Trail> trails = new HashMap<>();

    private final Deque<AttemptEnded> reports = new ArrayDeque<>();
    private final SequencedMap<String, Request> requests = new LinkedHashMap<>();
    /** Requests that change nothing by a state that was read since they came. */
    private final Set<String> confirmed = new HashSet<>();

    private Optional<String> stopRequested = Optional.empty();
    /** Set once this supervisor may write no more. */
    private Optional<RunOutcome> steppingDown = Optional.empty();

    private int overtaken;
    private boolean ended;

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
        Executor files = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        this.roster = new Roster(context, fleet, this::now);
        this.placements = new Placements(
                context, settings.decisions().plan().segments(), settings.pace().repeatEvery());
        this.scribe = new Scribe(context, timers, settings, troubles, files);
        this.lookout = new Lookout(context, settings, files);
        timers.startTimerWithFixedDelay(Tick.LOOK, Tick.LOOK, settings.pace().lookEvery());
        scribe.read();
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
            case Stop(String reason) -> stopRequested = Optional.of(reason);
            case WorkersListed(Set<ActorRef<WorkerNode.Command>> found) -> roster.listed(found);
            case WorkerJoined joined -> join(joined);
            case WorkerLost(String name, ActorRef<WorkerNode.Command> worker) -> roster.lose(name, worker);
            case AttemptProgressed(Progress progress) -> progressed(progress);
            case AttemptEnded report -> reports.add(report);
            case AssistEnded(Ticket ticket, String worker) -> fleet.endedAssist(worker, ticket);
            // Otherwise it would be given, and would give back, one attempt after the other until it is gone.
            case WorkerLeaves(String worker) -> fleet.unreachable(worker, now());
            case JournalRead(RunState read, var asked) -> {
                scribe.hasRead();
                take(read, asked);
            }
            case JournalAppended(Event event, Runnable acknowledge, Appended appended) -> {
                scribe.hasAppended();
                switch (appended) {
                    case Appended.Durable() -> durable(event, acknowledge);
                    case Appended.Fenced(String holder, long theirs) -> {
                        if (epoch == 0 && ++overtaken < OVERTAKEN) {
                            // The last words of the supervisor before this one came between reading and taking over.
                            scribe.read();
                        } else {
                            fenced(holder, theirs);
                        }
                    }
                }
            }
            case JournalFailed(Throwable cause) -> steppingDown = scribe.failed(cause);
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
                    case JOURNAL_AGAIN -> scribe.read();
                }
            }
        }
        advance();
        return this;
    }

    // Workers.

    private void join(WorkerJoined joined) {
        roster.join(joined);
        String name = joined.registration().name();
        state.running().stream()
                .filter(running -> running.worker().equals(name))
                .forEach(running -> watchdog.began(running.ticket(), now()));
    }

    private void progressed(Progress progress) {
        Ticket ticket = progress.ticket();
        if (!state.isRunning(ticket)) {
            observer.tell(new Observer.Stale(ticket));
            return;
        }
        placements.of(ticket.stage()).tell(new Placement.Started(ticket));
        watchdog.progressed(progress, now());
        trails.computeIfAbsent(ticket, _ -> new Trail())
                .progressed(progress, settings.clock().instant());
        observer.tell(new Observer.Progressed(progress));
    }

    // Journal.

    private void take(RunState read, SequencedMap<String, Request> asked) {
        boolean mine = epoch > 0 && read.epoch() == epoch;
        RunState known = state;
        state = read;
        if (mine) {
            // A start whose answer got lost is durable, and its worker has not heard of it.
            read.running().stream()
                    .filter(running -> running.ticket().epoch() == epoch && !known.isRunning(running.ticket()))
                    .forEach(this::place);
        }
        RunSubmission submission = settings.submission();
        int blocks = settings.decisions().plan().segments().blocks();
        if (read.phase() == Phase.NEW) {
            append(new RunSubmitted(settings.clock().instant(), submission.run(), submission.identityDigest(), blocks));
        } else if (!read.identityDigest().equals(submission.identityDigest()) || read.blocks() != blocks) {
            steppingDown = Optional.of(new RunOutcome.Broken(BlocksmithException.user(
                    "run '%s' was submitted with identity %s and %d blocks, not %s and %d; use another run folder",
                    read.run(), read.identityDigest(), read.blocks(), submission.identityDigest(), blocks)));
        } else if (read.phase() == Phase.COMPLETED
                && (mine || asked.values().stream().noneMatch(Request.Retry.class::isInstance))) {
            end(new RunOutcome.Completed(read));
        } else if (epoch > 0 && !mine) {
            fenced(read.holder(), read.epoch());
        } else if (mine && read.phase() == Phase.STOPPED) {
            end(new RunOutcome.Stopped(read));
        } else if (!mine) {
            requests.putAll(asked);
            append(new SupervisorStarted(settings.clock().instant(), state.epoch() + 1, settings.holder()));
        }
    }

    private void fenced(String holder, long theirs) {
        getContext().getLog().warn("the run was taken over by {} (epoch {}); stepping back", holder, theirs);
        steppingDown = Optional.of(new RunOutcome.Fenced(holder, theirs));
    }

    private void append(Event event) {
        append(event, () -> {});
    }

    private void append(Event event, Runnable acknowledge) {
        scribe.append(state, event, acknowledge);
    }

    private void durable(Event event, Runnable acknowledge) {
        state = state.after(event);
        observer.tell(new Observer.Recorded(event, state));
        acknowledge.run();
        switch (event) {
            case RunSubmitted _ ->
                append(new SupervisorStarted(settings.clock().instant(), state.epoch() + 1, settings.holder()));
            case SupervisorStarted started -> supervise(started.epoch());
            case StageStarted started ->
                place((Running) state.stage(started.ticket().stage()));
            case StageCommitted(var _, Ticket ticket, var _) -> {
                over(ticket);
                troubles.committed();
            }
            case StageCancelled(var _, Ticket ticket, var _) -> over(ticket);
            case StageDamaged damaged -> {
                over(damaged.ticket());
                getContext()
                        .getLog()
                        .warn("{} is done again: {}", damaged.source().key(), damaged.reason());
            }
            case StageFailed failed -> {
                over(failed.ticket());
                fleet.failed(failed.worker(), failed.category(), now());
                troubles.stageFailed(state, failed, now());
                getContext().getLog().warn("{} failed ({}): {}", failed.ticket(), failed.category(), failed.reason());
            }
            case RunCompleted _ -> end(new RunOutcome.Completed(state));
            case RunStopped _ -> end(new RunOutcome.Stopped(state));
            case Event.RunPaused paused -> getContext().getLog().info("paused: {}", paused.reason());
            case Event.RunResumed resumed -> getContext().getLog().info("resumed: {}", resumed.reason());
            case Event.StageReset reset ->
                getContext().getLog().info("{}: {}", reset.stage().key(), reset.reason());
            case Event.WorkerDrained drained ->
                getContext().getLog().info("worker {}: {}", drained.worker(), drained.reason());
            case Event.WorkerReturned returned -> getContext().getLog().info("worker {} is back", returned.worker());
        }
    }

    private void supervise(long taken) {
        epoch = taken;
        fleet.listens(now());
        roster.listen(state.run(), taken);
        getContext().getLog().info("supervising {} in epoch {}", state.run(), taken);
        state.running().forEach(running -> watchdog.began(running.ticket(), now()));
        ActorRef<Receptionist.Listing> listings = getContext()
                .messageAdapter(
                        Receptionist.Listing.class,
                        listing -> new WorkersListed(listing.getServiceInstances(WorkerNode.KEY)));
        getContext().getSystem().receptionist().tell(Receptionist.subscribe(WorkerNode.KEY, listings));
    }

    private void place(Running started) {
        // A worker lost during the append gets nothing; the next decision abandons the attempt.
        roster.find(started.worker()).ifPresent(worker -> {
            Ticket ticket = started.ticket();
            fleet.gave(started.worker(), ticket);
            watchdog.began(ticket, now());
            placements
                    .of(ticket.stage())
                    .tell(new Placement.Place(new Assignment(ticket, started.adjustment()), worker));
        });
    }

    private void over(Ticket ticket) {
        watchdog.ended(ticket);
        trails.remove(ticket);
        placements.of(ticket.stage()).tell(new Placement.Forget(ticket));
    }

    // The step.

    /** One step on, if none is under way. */
    private void advance() {
        if (ended || scribe.isBusy()) {
            return;
        }
        if (steppingDown.isPresent()) {
            // Workers are left alone: whoever holds the run now is to hear of what they do.
            end(steppingDown.get());
            return;
        }
        if (epoch == 0) {
            return;
        }
        for (AttemptEnded report = reports.poll(); report != null; report = reports.poll()) {
            // Until its end is durable the attempt is the worker's: should the ledger fail, it is reported again.
            ActorRef<WorkerNode.Command> worker = report.replyTo();
            Ticket ticket = report.ticket();
            String name = report.worker();
            Runnable acknowledge = () -> {
                fleet.returned(name, ticket);
                worker.tell(new WorkerNode.Acknowledged(ticket));
            };
            Optional<Event> event = Outcome.event(
                    state,
                    report.ticket(),
                    report.worker(),
                    report.outcome(),
                    settings.clock().instant());
            if (event.isPresent()) {
                append(event.get(), acknowledge);
                return;
            }
            observer.tell(new Observer.Stale(ticket));
            acknowledge.run();
        }
        for (Map.Entry<String, Request> request = requests.pollFirstEntry();
                request != null;
                request = requests.pollFirstEntry()) {
            if (fulfil(request.getKey(), request.getValue())) {
                return;
            }
        }
        for (var decided : settings.decisions().decide(state, situation())) {
            Optional<Event> event = decided.event(settings.clock().instant());
            if (event.isPresent()) {
                append(event.get());
                return;
            }
            tell(decided);
        }
    }

    /** Whether the request keeps the ledger busy: it became an event, or its being idle is looked up. */
    private boolean fulfil(String id, Request request) {
        if (request instanceof Request.Cancel(String by)) {
            // Done only when the run rests: a supervisor that dies before that leaves the request to the next one.
            stopRequested = Optional.of("cancelled by " + by);
            return false;
        }
        Optional<Event> event = request.event(state, settings.clock().instant());
        if (event.isEmpty()) {
            if (confirmed.remove(id)) {
                lookout.done(id);
                return false;
            }
            // Whoever was overtaken unawares must not wave away what its successor is asked: the ledger tells.
            confirmed.add(id);
            requests.putFirst(id, request);
            scribe.read();
            return true;
        }
        append(event.get(), () -> lookout.done(id));
        return true;
    }

    private void tell(io.blocksmith.run.Command decided) {
        switch (decided) {
            case CancelAttempt(Ticket ticket, String worker) -> roster.tell(worker, new WorkerNode.Cancel(ticket));
            case Assist(Assignment assignment, String worker) -> {
                fleet.assists(worker, assignment.ticket());
                roster.tell(worker, new WorkerNode.Assist(assignment));
            }
            case EndAssist(Ticket ticket, String worker) -> roster.tell(worker, new WorkerNode.EndAssist(ticket));
            default -> throw BlocksmithException.defect("%s leaves a trace", decided);
        }
    }

    private Situation situation() {
        Duration now = now();
        var reachable = fleet.reachable(now);
        List<Ticket> heard = state.running().stream()
                .filter(running -> reachable.containsKey(running.worker()))
                .map(Running::ticket)
                .toList();
        return troubles.situation(state, fleet, watchdog, heard, stopRequested, now);
    }

    // What is done now and then.

    private void look() {
        roster.greetSilent();
        for (Straggler straggler : watchdog.stragglers(now())) {
            slow(straggler);
        }
        if (!ended && epoch > 0) {
            RunStatus status = status();
            observer.tell(new Observer.Looked(status));
            lookout.look(status, troubles.wantsProbe(now()));
        }
    }

    private void looked(Lookout.Found found) {
        lookout.returned(found);
        found.shownBefore().ifPresent(this::takeTrailsOver);
        found.requests().ifPresent(asked -> {
            requests.clear();
            requests.putAll(asked);
        });
        found.writable().ifPresent(usable -> troubles.storeIsUsable(usable, now()));
    }

    /** What the supervisor before this one has seen of attempts that are still under way. */
    private void takeTrailsOver(LiveRun before) {
        for (LiveRun.Attempt attempt : before.attempts()) {
            Ticket ticket = attempt.progress().ticket();
            if (state.isRunning(ticket)) {
                trails.merge(ticket, Trail.after(attempt.seen()), (own, earlier) -> earlier.and(own.seen()));
            }
        }
    }

    private void slow(Straggler straggler) {
        for (Running running : state.running()) {
            if (running.ticket().equals(straggler.ticket())) {
                getContext()
                        .getLog()
                        .warn(
                                "worker {} is slow at {}: {} tokens/s, its peers {}",
                                running.worker(),
                                straggler.ticket(),
                                Math.round(straggler.tokensPerSecond()),
                                Math.round(straggler.median()));
                fleet.isSlow(running.worker(), now());
            }
        }
    }

    private RunStatus status() {
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
                stopRequested.isPresent() || steppingDown.isPresent(),
                settings.work().fraction(state, progress.values()),
                timeLeft.at(state, progress.values(), able(reachable)),
                troubles.text());
    }

    /** Workers that may be given work. */
    private int able(Map<String, WorkerView> reachable) {
        return (int) reachable.entrySet().stream()
                .filter(worker ->
                        !worker.getValue().quarantined() && !state.drained().contains(worker.getKey()))
                .count();
    }

    private void end(RunOutcome outcome) {
        ended = true;
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
