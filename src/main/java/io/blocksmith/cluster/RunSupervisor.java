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
import io.blocksmith.failure.Category;
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
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Situation;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Troubles;
import io.blocksmith.run.Watchdog;
import io.blocksmith.run.Watchdog.Straggler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

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

    private record WorkerLost(String name, ActorRef<WorkerNode.Command> worker) implements Command {}

    private record JournalRead(RunState state, SequencedMap<String, Request> asked) implements Command {}

    private record JournalAppended(Event event, Runnable acknowledge, Appended appended) implements Command {}

    private record JournalFailed(Throwable cause) implements Command {}

    private record Looked(Optional<SequencedMap<String, Request>> requests, Optional<Boolean> writable)
            implements Command {}

    private record Fulfilled(String id, Optional<Throwable> failure) implements Command {}

    private record SaidFarewell(RunOutcome outcome, Optional<Throwable> failure) implements Command {}

    private enum Tick implements Command {
        LOOK,
        JOURNAL_AGAIN
    }

    /**
     * What a supervisor is made with.
     *
     * @param submission recorded when the journal is empty, compared with it otherwise
     * @param holder who this supervisor is, for people: host and process
     * @param clock stamps events
     * @param nanoTime measures durations
     */
    public record Settings(
            RunSubmission submission,
            Decisions decisions,
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
    private final Executor files;
    private final List<ActorRef<Placement.Command>> segments = new ArrayList<>();
    private final ActorRef<Placement.Command> wholeModel;
    private final Fleet fleet;
    private final Watchdog watchdog;
    private final Troubles troubles;

    private RunState state = RunState.empty();
    /** The epoch that this supervisor has made durable; 0 before. */
    private long epoch;

    private final Map<String, ActorRef<WorkerNode.Command>> workers = new HashMap<>();
    private Set<ActorRef<WorkerNode.Command>> listed = Set.of();
    private final Deque<AttemptEnded> reports = new ArrayDeque<>();
    private final SequencedMap<String, Request> requests = new LinkedHashMap<>();
    /** Requests that change nothing by a state that was read since they came. */
    private final Set<String> confirmed = new HashSet<>();

    private Optional<String> stopRequested = Optional.empty();
    /** Set once this supervisor may write no more. */
    private Optional<RunOutcome> steppingDown = Optional.empty();

    private int overtaken;
    private boolean journalBusy;
    private boolean looking;
    private long beats;
    private boolean ended;

    private RunSupervisor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Settings settings,
            ActorRef<Observer.Command> observer) {
        super(context);
        this.settings = settings;
        this.observer = observer;
        this.timers = timers;
        this.files = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        this.fleet = new Fleet(settings.fleet(), now());
        this.watchdog = new Watchdog(settings.watchdog());
        this.troubles = new Troubles();
        Duration repeatEvery = settings.pace().repeatEvery();
        for (Range range : settings.decisions().plan().segments().ranges()) {
            segments.add(context.spawn(SegmentSupervisor.create(range, repeatEvery), "segment-" + range.segment()));
        }
        this.wholeModel = context.spawn(EndToEndCoordinator.create(repeatEvery), "whole-model");
        timers.startTimerWithFixedDelay(Tick.LOOK, Tick.LOOK, settings.pace().lookEvery());
        read();
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
            case WorkersListed(Set<ActorRef<WorkerNode.Command>> found) -> listed(found);
            case WorkerJoined joined -> join(joined);
            case WorkerLost(String name, ActorRef<WorkerNode.Command> worker) -> lose(name, worker);
            case AttemptProgressed(Progress progress) -> progressed(progress);
            case AttemptEnded report -> reports.add(report);
            case AssistEnded(Ticket ticket, String worker) -> fleet.endedAssist(worker, ticket);
            // Otherwise it would be given, and would give back, one attempt after the other until it is gone.
            case WorkerLeaves(String worker) -> fleet.unreachable(worker, now());
            case JournalRead(RunState read, var asked) -> {
                journalBusy = false;
                take(read, asked);
            }
            case JournalAppended(Event event, Runnable acknowledge, Appended appended) -> {
                journalBusy = false;
                troubles.journalWritten();
                switch (appended) {
                    case Appended.Durable() -> durable(event, acknowledge);
                    case Appended.Fenced(String holder, long theirs) -> {
                        if (epoch == 0 && ++overtaken < OVERTAKEN) {
                            // The last words of the supervisor before this one came between reading and taking over.
                            read();
                        } else {
                            fenced(holder, theirs);
                        }
                    }
                }
            }
            case JournalFailed(Throwable cause) -> journalFailed(cause);
            case Looked(var asked, var writable) -> {
                looking = false;
                asked.ifPresent(found -> {
                    requests.clear();
                    requests.putAll(found);
                });
                writable.ifPresent(usable -> troubles.storeIsUsable(usable, now()));
            }
            case Fulfilled(String id, Optional<Throwable> failure) ->
                failure.ifPresent(
                        cause -> getContext().getLog().warn("request {} stays for now: {}", id, cause.toString()));
            case SaidFarewell(RunOutcome outcome, Optional<Throwable> failure) -> {
                failure.ifPresent(cause -> getContext().getLog().warn("the farewell failed: {}", cause.toString()));
                observer.tell(new Observer.Ended(outcome));
            }
            case Tick tick -> {
                switch (tick) {
                    case LOOK -> look();
                    case JOURNAL_AGAIN -> read();
                }
            }
        }
        advance();
        return this;
    }

    // Workers.

    private void listed(Set<ActorRef<WorkerNode.Command>> found) {
        for (Map.Entry<String, ActorRef<WorkerNode.Command>> known : workers.entrySet()) {
            if (!found.contains(known.getValue())) {
                fleet.unreachable(known.getKey(), now());
            }
        }
        // One that was out of reach tells what has become of its attempts meanwhile.
        List<ActorRef<WorkerNode.Command>> appeared =
                found.stream().filter(worker -> !listed.contains(worker)).toList();
        listed = found;
        greet(appeared);
    }

    private void greet(Collection<ActorRef<WorkerNode.Command>> found) {
        if (epoch > 0 && !ended) {
            found.forEach(worker -> worker.tell(
                    new WorkerNode.Hello(state.run(), epoch, getContext().getSelf())));
        }
    }

    private void join(WorkerJoined joined) {
        String name = joined.registration().name();
        ActorRef<WorkerNode.Command> before = workers.put(name, joined.worker());
        if (!joined.worker().equals(before)) {
            getContext().watchWith(joined.worker(), new WorkerLost(name, joined.worker()));
            getContext()
                    .getLog()
                    .info(
                            "worker {} is here: {}, version {}",
                            name,
                            joined.registration().numerics(),
                            joined.registration().version());
        }
        fleet.joined(joined.registration());
        state.running().stream()
                .filter(running -> running.worker().equals(name))
                .forEach(running -> watchdog.began(running.ticket(), now()));
    }

    private void lose(String name, ActorRef<WorkerNode.Command> worker) {
        if (workers.remove(name, worker)) {
            fleet.left(name);
            getContext().getLog().warn("worker {} is gone", name);
        }
    }

    private void progressed(Progress progress) {
        if (state.isRunning(progress.ticket())) {
            placement(progress.ticket().stage()).tell(new Placement.Started(progress.ticket()));
            watchdog.progressed(progress, now());
            observer.tell(new Observer.Progressed(progress));
        }
    }

    // Journal.

    private void read() {
        journalBusy = true;
        getContext()
                .pipeToSelf(
                        CompletableFuture.supplyAsync(
                                () -> {
                                    RunState read = settings.journal().read();
                                    // A complete run is only opened again for somebody who wants a stage done again.
                                    return new JournalRead(
                                            read,
                                            read.phase() == Phase.COMPLETED
                                                    ? settings.requests().pending()
                                                    : new LinkedHashMap<>());
                                },
                                files),
                        (read, failure) -> failure == null ? read : new JournalFailed(cause(failure)));
    }

    private void take(RunState read, SequencedMap<String, Request> asked) {
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

    private void journalFailed(Throwable cause) {
        journalBusy = false;
        Category category = cause instanceof BlocksmithException known ? known.category() : Category.DEFECT;
        switch (category) {
            case STORE_FULL, STORE_UNAVAILABLE, TRANSIENT -> {
                // Nothing is lost: whoever was not acknowledged reports again.
                Duration wait = troubles.journalFailed(cause.getMessage());
                getContext().getLog().warn("the ledger: {}; again in {} s", cause.getMessage(), wait.toSeconds());
                journalBusy = true;
                timers.startSingleTimer(Tick.JOURNAL_AGAIN, Tick.JOURNAL_AGAIN, wait);
            }
            case USER, ENVIRONMENT, NOT_FINITE, DEVICE_MEMORY, HUNG, WORKER_LOST, DAMAGED, DEFECT ->
                steppingDown = Optional.of(new RunOutcome.Broken(cause));
        }
    }

    private void append(Event event) {
        append(event, () -> {});
    }

    private void append(Event event, Runnable acknowledge) {
        // An illegal event is a defect of ours; it must show before it is durable.
        RunState unused = state.after(event);
        journalBusy = true;
        getContext()
                .pipeToSelf(
                        CompletableFuture.supplyAsync(() -> settings.journal().append(event), files),
                        (appended, failure) -> failure == null
                                ? new JournalAppended(event, acknowledge, appended)
                                : new JournalFailed(cause(failure)));
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
        getContext().getLog().info("supervising {} in epoch {}", state.run(), taken);
        state.running().forEach(running -> watchdog.began(running.ticket(), now()));
        ActorRef<Receptionist.Listing> listings = getContext()
                .messageAdapter(
                        Receptionist.Listing.class,
                        listing -> new WorkersListed(listing.getServiceInstances(WorkerNode.KEY)));
        getContext().getSystem().receptionist().tell(Receptionist.subscribe(WorkerNode.KEY, listings));
    }

    private void place(Running started) {
        ActorRef<WorkerNode.Command> node = workers.get(started.worker());
        // A worker lost during the append gets nothing; the next decision abandons the attempt.
        if (node != null) {
            Ticket ticket = started.ticket();
            fleet.gave(started.worker(), ticket);
            watchdog.began(ticket, now());
            placement(ticket.stage()).tell(new Placement.Place(new Assignment(ticket, started.adjustment()), node));
        }
    }

    private void over(Ticket ticket) {
        watchdog.ended(ticket);
        placement(ticket.stage()).tell(new Placement.Forget(ticket));
    }

    // The step.

    /** One step on, if none is under way. */
    private void advance() {
        if (ended || journalBusy) {
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
                done(id);
                return false;
            }
            // Whoever was overtaken unawares must not wave away what its successor is asked: the ledger tells.
            confirmed.add(id);
            requests.putFirst(id, request);
            read();
            return true;
        }
        append(event.get(), () -> done(id));
        return true;
    }

    private void done(String id) {
        getContext()
                .pipeToSelf(
                        CompletableFuture.runAsync(() -> settings.requests().done(id), files),
                        (_, failure) ->
                                new Fulfilled(id, Optional.ofNullable(failure).map(RunSupervisor::cause)));
    }

    private void tell(io.blocksmith.run.Command decided) {
        switch (decided) {
            case CancelAttempt(Ticket ticket, String worker) -> toWorker(worker, new WorkerNode.Cancel(ticket));
            case Assist(Assignment assignment, String worker) -> {
                fleet.assists(worker, assignment.ticket());
                toWorker(worker, new WorkerNode.Assist(assignment));
            }
            case EndAssist(Ticket ticket, String worker) -> toWorker(worker, new WorkerNode.EndAssist(ticket));
            default -> throw BlocksmithException.defect("%s leaves a trace", decided);
        }
    }

    private void toWorker(String worker, WorkerNode.Command command) {
        ActorRef<WorkerNode.Command> node = workers.get(worker);
        if (node != null) {
            node.tell(command);
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
        List<ActorRef<WorkerNode.Command>> silent =
                listed.stream().filter(worker -> !canBeHeard(worker)).toList();
        greet(silent);
        for (Straggler straggler : watchdog.stragglers(now())) {
            slow(straggler);
        }
        if (looking || ended || epoch == 0) {
            return;
        }
        looking = true;
        RunStatus status = status();
        long beat = ++beats;
        boolean probe = troubles.wantsProbe(now());
        CompletableFuture<Looked> looked = CompletableFuture.supplyAsync(
                () -> {
                    settings.beacon().publish(status, beat, false);
                    return new Looked(
                            Optional.of(settings.requests().pending()),
                            probe ? Optional.of(settings.journal().isWritable()) : Optional.empty());
                },
                files);
        Logger log = getContext().getLog();
        getContext().pipeToSelf(looked, (found, failure) -> {
            if (failure != null) {
                log.warn("cannot look at the store: {}", cause(failure).toString());
                return new Looked(Optional.empty(), probe ? Optional.of(false) : Optional.empty());
            }
            return found;
        });
    }

    /** Whether its answer to a greeting has come since it was last out of reach; greeting or answer may get lost. */
    private boolean canBeHeard(ActorRef<WorkerNode.Command> worker) {
        return fleet.reachable(now()).keySet().stream().anyMatch(name -> worker.equals(workers.get(name)));
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
        return new RunStatus(
                state,
                progress,
                fleet.known(),
                fleet.reachable(now()),
                slow,
                stopRequested.isPresent() || steppingDown.isPresent(),
                troubles.text());
    }

    private void end(RunOutcome outcome) {
        ended = true;
        timers.cancelAll();
        RunStatus status = status();
        boolean rests = outcome instanceof RunOutcome.Completed || outcome instanceof RunOutcome.Stopped;
        CompletableFuture<Void> farewell = rests
                ? CompletableFuture.runAsync(
                        () -> {
                            settings.beacon().publish(status, beats + 1, true);
                            settings.requests().pending().forEach((id, request) -> {
                                if (request instanceof Request.Cancel) {
                                    settings.requests().done(id);
                                }
                            });
                        },
                        files)
                : CompletableFuture.completedFuture(null);
        getContext()
                .pipeToSelf(
                        farewell,
                        (_, failure) -> new SaidFarewell(
                                outcome, Optional.ofNullable(failure).map(RunSupervisor::cause)));
    }

    private ActorRef<Placement.Command> placement(Stage stage) {
        return switch (stage) {
            case Stage.Capture(int segment, int _) -> segments.get(segment);
            case Stage.TrainBlock(int block) -> segments.get(segmentOf(block));
            case Stage.RepairBlock(int block) -> segments.get(segmentOf(block));
            case Stage.EndToEnd _, Stage.Export _, Stage.Evaluate _, Stage.Report _ -> wholeModel;
        };
    }

    private int segmentOf(int block) {
        return settings.decisions().plan().segments().of(block).segment();
    }

    private static Throwable cause(Throwable failure) {
        return failure.getCause() == null ? failure : failure.getCause();
    }
}
