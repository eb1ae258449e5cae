package io.blocksmith.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.Command.CancelAttempt;
import io.blocksmith.run.Decisions;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunCompleted;
import io.blocksmith.run.Event.RunStopped;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Segments.Range;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Owns one run: reads its journal, takes it over under a new epoch, and then repeats one step until the run rests:
 * take a report or else a decision, append its event, and only when that is durable change the state, tell the world
 * and acknowledge. One append is under way at a time, on a dispatcher for blocking work; meanwhile messages are
 * answered.
 */
public final class RunSupervisor extends AbstractBehavior<RunSupervisor.Command> {

    /** What a supervisor is told. */
    public sealed interface Command {}

    /** Answer with the run as it is now. */
    public record GetStatus(ActorRef<RunStatus> replyTo) implements Command {}

    /** Let the run rest at the end of the present steps. */
    public record Stop(String reason) implements Command {}

    /** From a worker: it can be given attempts from now on, until it terminates. */
    record RegisterWorker(String name, ActorRef<WorkerNode.Command> worker) implements Command {}

    /** An attempt has come further. */
    record AttemptProgressed(Progress progress) implements Command {}

    /** An attempt is over; repeated until acknowledged. */
    record AttemptEnded(Ticket ticket, String worker, Outcome outcome, ActorRef<StageAttempt.Command> replyTo)
            implements Command {}

    private record WorkerLost(String name, ActorRef<WorkerNode.Command> worker) implements Command {}

    private record JournalRead(RunState state) implements Command {}

    private record JournalAppended(Event event, Runnable acknowledge, Appended appended) implements Command {}

    private record JournalFailed(Throwable cause) implements Command {}

    /**
     * What a supervisor is made with.
     *
     * @param submission recorded when the journal is empty, compared with it otherwise
     * @param holder who this supervisor is, for people: host and process
     * @param clock stamps events
     */
    public record Settings(
            RunSubmission submission, Decisions decisions, Journal journal, String holder, InstantSource clock) {}

    /** The run that is to be supervised. */
    public record RunSubmission(String run, String identityDigest) {}

    private final Settings settings;
    private final ActorRef<Observer.Command> observer;
    private final Executor files;
    private final List<ActorRef<Placement.Command>> segments = new ArrayList<>();
    private final ActorRef<Placement.Command> wholeModel;

    private RunState state = RunState.empty();
    private final Map<String, ActorRef<WorkerNode.Command>> workers = new TreeMap<>();
    /** Attempts on workers that have not reported their end to this supervisor, with the worker. */
    private final Map<Ticket, String> live = new HashMap<>();

    private final Map<Ticket, Progress> progress = new HashMap<>();
    private final Deque<AttemptEnded> reports = new ArrayDeque<>();
    private Optional<String> stopRequested = Optional.empty();
    /** Set when nothing can be recorded any more; the supervisor then only waits for its attempts to end. */
    private Optional<RunOutcome> steppingDown = Optional.empty();

    private boolean journalBusy;
    private boolean ended;

    private RunSupervisor(ActorContext<Command> context, Settings settings, ActorRef<Observer.Command> observer) {
        super(context);
        this.settings = settings;
        this.observer = observer;
        this.files = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
        for (Range range : settings.decisions().plan().segments().ranges()) {
            segments.add(
                    context.spawn(SegmentSupervisor.create(context.getSelf(), range), "segment-" + range.segment()));
        }
        wholeModel = context.spawn(EndToEndCoordinator.create(context.getSelf()), "end-to-end");
    }

    /** A supervisor that starts or resumes the run at once. */
    static Behavior<Command> create(Settings settings, ActorRef<Observer.Command> observer) {
        return Behaviors.setup(context -> {
            RunSupervisor supervisor = new RunSupervisor(context, settings, observer);
            supervisor.read();
            return supervisor;
        });
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder().onAnyMessage(this::on).build();
    }

    private Behavior<Command> on(Command command) {
        switch (command) {
            case GetStatus(ActorRef<RunStatus> replyTo) ->
                replyTo.tell(new RunStatus(
                        state, progress, workers.keySet(), stopRequested.isPresent() || steppingDown.isPresent()));
            case AttemptProgressed(Progress now) -> {
                if (state.isRunning(now.ticket())) {
                    progress.put(now.ticket(), now);
                    observer.tell(new Observer.Progressed(now));
                }
            }
            case Stop(String reason) -> {
                stopRequested = Optional.of(reason);
                advance();
            }
            case RegisterWorker(String name, ActorRef<WorkerNode.Command> worker) -> {
                workers.put(name, worker);
                getContext().watchWith(worker, new WorkerLost(name, worker));
                advance();
            }
            case WorkerLost(String name, ActorRef<WorkerNode.Command> worker) -> {
                workers.remove(name, worker);
                live.values().removeIf(name::equals);
                advance();
            }
            case AttemptEnded report -> {
                live.remove(report.ticket());
                reports.add(report);
                advance();
            }
            case JournalRead(RunState read) -> {
                journalBusy = false;
                take(read);
            }
            case JournalAppended(Event event, Runnable acknowledge, Appended appended) -> {
                journalBusy = false;
                switch (appended) {
                    case Appended.Durable() -> durable(event, acknowledge);
                    case Appended.Fenced(String holder, long epoch) -> {
                        getContext().getLog().warn("the run was taken over by {} (epoch {})", holder, epoch);
                        steppingDown = Optional.of(new RunOutcome.Fenced(holder, epoch));
                    }
                }
                advance();
            }
            case JournalFailed(Throwable cause) -> {
                journalBusy = false;
                steppingDown = Optional.of(new RunOutcome.Broken(cause));
                advance();
            }
        }
        return this;
    }

    private void read() {
        journalBusy = true;
        getContext()
                .pipeToSelf(
                        CompletableFuture.supplyAsync(settings.journal()::read, files),
                        (read, failure) -> failure == null ? new JournalRead(read) : new JournalFailed(cause(failure)));
    }

    private void take(RunState read) {
        state = read;
        RunSubmission submission = settings.submission();
        int blocks = settings.decisions().plan().segments().blocks();
        if (read.phase() == Phase.NEW) {
            append(new RunSubmitted(settings.clock().instant(), submission.run(), submission.identityDigest(), blocks));
        } else if (!read.identityDigest().equals(submission.identityDigest()) || read.blocks() != blocks) {
            steppingDown = Optional.of(new RunOutcome.Broken(BlocksmithException.user(
                    "run '%s' was submitted with identity %s and %d blocks, not %s and %d; use another run folder",
                    read.run(), read.identityDigest(), read.blocks(), submission.identityDigest(), blocks)));
            advance();
        } else if (read.phase() == Phase.COMPLETED) {
            end(new RunOutcome.Completed(read));
        } else {
            append(supervisorStarted());
        }
    }

    private Event supervisorStarted() {
        return new SupervisorStarted(settings.clock().instant(), state.epoch() + 1, settings.holder());
    }

    /** One step on, if none is under way. */
    private void advance() {
        if (ended || journalBusy) {
            return;
        }
        if (steppingDown.isPresent()) {
            // Not acknowledged: whoever holds the run now is to hear of these outcomes.
            live.keySet().forEach(ticket -> placement(ticket.stage()).tell(new Placement.Cancel(ticket)));
            if (live.isEmpty()) {
                end(steppingDown.get());
            }
            return;
        }
        for (AttemptEnded report = reports.poll(); report != null; report = reports.poll()) {
            ActorRef<StageAttempt.Command> attempt = report.replyTo();
            Optional<Event> event = Outcome.event(
                    state,
                    report.ticket(),
                    report.worker(),
                    report.outcome(),
                    settings.clock().instant());
            if (event.isPresent()) {
                append(event.get(), () -> attempt.tell(new StageAttempt.Acknowledged()));
                return;
            }
            attempt.tell(new StageAttempt.Acknowledged());
        }
        for (var decided : settings.decisions().decide(state, new TreeSet<>(workers.keySet()), stopRequested)) {
            Optional<Event> event = decided.event(settings.clock().instant());
            if (event.isPresent()) {
                append(event.get());
                return;
            }
            if (decided instanceof CancelAttempt(Ticket ticket, String worker)) {
                placement(ticket.stage()).tell(new Placement.Cancel(ticket));
            }
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
            case RunSubmitted ignored -> append(supervisorStarted());
            case SupervisorStarted ignored -> getContext().getLog().info("supervising {}", state.run());
            case StageStarted(var at, Ticket ticket, String worker) -> {
                ActorRef<WorkerNode.Command> node = workers.get(worker);
                // A worker lost during the append gets nothing; the next decision abandons the attempt.
                if (node != null) {
                    live.put(ticket, worker);
                    placement(ticket.stage()).tell(new Placement.Place(ticket, node));
                }
            }
            case StageCommitted committed -> progress.remove(committed.ticket());
            case StageCancelled cancelled -> progress.remove(cancelled.ticket());
            case StageFailed failed -> {
                progress.remove(failed.ticket());
                getContext().getLog().warn("{} failed ({}): {}", failed.ticket(), failed.category(), failed.reason());
            }
            case RunCompleted ignored -> end(new RunOutcome.Completed(state));
            case RunStopped ignored -> end(new RunOutcome.Stopped(state));
        }
    }

    private void end(RunOutcome outcome) {
        ended = true;
        observer.tell(new Observer.Ended(outcome));
    }

    private ActorRef<Placement.Command> placement(Stage stage) {
        return switch (stage) {
            case Stage.Capture(int segment, int _) -> segments.get(segment);
            case Stage.TrainBlock(int block) -> segments.get(segmentOf(block));
            case Stage.RepairBlock(int block) -> segments.get(segmentOf(block));
            case Stage.EndToEnd ignored -> wholeModel;
            case Stage.Export ignored -> wholeModel;
            case Stage.Evaluate ignored -> wholeModel;
            case Stage.Report ignored -> wholeModel;
        };
    }

    private int segmentOf(int block) {
        return settings.decisions().plan().segments().of(block).segment();
    }

    private static Throwable cause(Throwable failure) {
        return failure.getCause() == null ? failure : failure.getCause();
    }
}
