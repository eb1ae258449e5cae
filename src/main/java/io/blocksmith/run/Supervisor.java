package io.blocksmith.run;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Command.Assist;
import io.blocksmith.run.Command.Recorded;
import io.blocksmith.run.Command.Told;
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
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.StageState.Running;
import io.blocksmith.run.Watchdog.Straggler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * A supervisor of one run without its surroundings. Whoever carries it tells it what has happened, asks for its
 * {@linkplain #next next steps} after every word, and carries those out. Its rules:
 *
 * <ul>
 *   <li>It reads the journal, takes the run over under a new epoch, and only then decides anything.
 *   <li>One call of the journal is under way at a time. Meanwhile it listens, and does nothing.
 *   <li>Reports come before requests, requests before decisions, and each is met with the state after the last record.
 *   <li>An event is durable first. Then the state changes, workers are told, what led to it is acknowledged.
 *   <li>A journal that failed is read before anything else is written, because a record may be there although its answer
 *       got lost.
 *   <li>A journal that has said nothing for a while is read again: whoever was overtaken while there was nothing to write
 *       learns of it.
 * </ul>
 *
 * Times are those of its own monotonic clock; only {@code at} stamps events. Not for use by several threads.
 */
public final class Supervisor {
    /** How often a supervisor that takes over may meet a record of somebody else's in its place. */
    private static final int OVERTAKEN = 5;

    /**
     * How long a supervisor believes that the run is still its own without a word of the journal. Reading costs one look
     * for the next record.
     */
    static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

    /** The run that is to be supervised: recorded when the journal is empty, compared with it otherwise. */
    public record Submission(String run, String identityDigest) {}

    /**
     * A worker's word that an attempt is over.
     *
     * @param acknowledge tells the worker that it need not repeat it
     */
    public record Report(Ticket ticket, String worker, Outcome outcome, Runnable acknowledge) {}

    /** An event on its way into the journal, with the state and what else follows when it is there. */
    private record Appending(Event event, RunState after, Runnable then) {}

    private final Decisions decisions;
    private final Submission submission;
    private final String holder;
    private final Fleet fleet;
    private final Watchdog watchdog;
    private final Troubles troubles;

    private RunState state = RunState.empty();
    /** The epoch that this supervisor has made durable; 0 before. */
    private long epoch;

    private final Deque<Report> reports = new ArrayDeque<>();
    private final SequencedMap<String, Request> requests = new LinkedHashMap<>();
    /** Requests that change nothing by a state that was read since they came. */
    private final Set<String> confirmed = new HashSet<>();

    private Optional<String> stopRequested = Optional.empty();

    private final List<Step> steps = new ArrayList<>();
    private Optional<Appending> appending = Optional.empty();
    private boolean awaitsJournal;
    /** When the journal last answered. */
    private Duration answered = Duration.ZERO;

    private int overtaken;
    private boolean over;

    /**
     * A supervisor that knows nothing of its run yet.
     *
     * @param holder who it is, for people: host and process
     * @param fleet whom it may give work; its carrier tells this one who comes and goes
     */
    public Supervisor(
            Decisions decisions,
            Submission submission,
            String holder,
            Fleet fleet,
            Watchdog watchdog,
            Troubles troubles) {
        this.decisions = decisions;
        this.submission = submission;
        this.holder = holder;
        this.fleet = fleet;
        this.watchdog = watchdog;
        this.troubles = troubles;
        readJournal();
    }

    /** Everything durable, as far as this supervisor knows. */
    public RunState state() {
        return state;
    }

    /** The epoch under which it took the run over; 0 before. */
    public long epoch() {
        return epoch;
    }

    /** Whether it has ended; it wants nothing more then. */
    public boolean isOver() {
        return over;
    }

    /** Whether somebody wants the run to rest. */
    public boolean isStopping() {
        return stopRequested.isPresent();
    }

    // What it hears.

    /**
     * A worker introduced itself, for the first time, after a restart, or because it can be reached again.
     *
     * @return false when that incarnation of it is over, so that nothing may be sent to it: see {@link Fleet#mayComeAnew}
     */
    public boolean joined(Registration registration, Duration now) {
        if (!fleet.joined(registration)) {
            return false;
        }
        for (Running running : state.running()) {
            if (running.worker().equals(registration.name())) {
                watchdog.began(running.ticket(), now);
            }
        }
        return true;
    }

    /**
     * A worker said goodbye; it may say so any number of times.
     *
     * @return false when it is known to be over already
     */
    public boolean leaves(Registration registration, Duration now) {
        return fleet.leaves(registration, now);
    }

    /** An attempt has come further; whether it is one that runs. */
    public boolean progressed(Progress progress, Duration now) {
        if (state.stage(progress.ticket().stage()) instanceof Running running
                && running.ticket().equals(progress.ticket())) {
            watchdog.progressed(progress, now);
            fleet.heard(running.worker(), now);
            return true;
        }
        return false;
    }

    /** An attempt is over; the same report may come any number of times. */
    public void reported(Report report) {
        reports.add(report);
    }

    /** These requests, by their ids, wait to be done; others that were heard of before do not any more. */
    public void asked(SequencedMap<String, Request> waiting) {
        requests.clear();
        requests.putAll(waiting);
    }

    /** The run is to rest at the end of the present steps. */
    public void stop(String reason) {
        stopRequested = Optional.of(reason);
    }

    /** Looks for workers much slower than their peers; for a while, others are preferred to them. */
    public Map<String, Straggler> findSlow(Duration now) {
        Map<String, Straggler> slow = new TreeMap<>();
        for (Straggler straggler : watchdog.stragglers(now)) {
            if (state.stage(straggler.ticket().stage()) instanceof Running running
                    && running.ticket().equals(straggler.ticket())) {
                fleet.isSlow(running.worker(), now);
                slow.put(running.worker(), straggler);
            }
        }
        return slow;
    }

    // What the journal answers.

    /**
     * The journal holds this.
     *
     * @param asked what is asked of a run that is complete; nothing otherwise
     */
    public void read(RunState read, SequencedMap<String, Request> asked, Duration now) {
        awaitsJournal = false;
        answered = now;
        troubles.journalRead();
        RunState known = state;
        state = read;
        Optional<Appending> unanswered = appending;
        appending = Optional.empty();
        boolean mine = isMine();
        if (mine && !read.equals(known)) {
            // Nobody else writes in this epoch: what was to be appended is durable, its answer got lost.
            unanswered.ifPresent(lost -> {
                steps.add(new Step.FoundDurable(lost.event()));
                lost.then().run();
                durable(lost.event(), now);
            });
        }
        if (over || read.phase() == Phase.NEW) {
            return;
        }
        if (!read.identityDigest().equals(submission.identityDigest()) || read.blocks() != blocks()) {
            end(new RunOutcome.Broken(BlocksmithException.user(
                    "run '%s' was submitted with identity %s and %d blocks, not %s and %d; use another run folder",
                    read.run(), read.identityDigest(), read.blocks(), submission.identityDigest(), blocks())));
        } else if (read.phase() == Phase.COMPLETED
                && (mine || asked.values().stream().noneMatch(Request.Retry.class::isInstance))) {
            end(new RunOutcome.Completed(read));
        } else if (mine && read.phase() == Phase.STOPPED) {
            end(new RunOutcome.Stopped(read));
        } else if (epoch > 0 && !mine) {
            end(new RunOutcome.Fenced(read.holder(), read.epoch()));
        } else if (!mine) {
            requests.putAll(asked);
        }
    }

    /** The journal has answered the event that it was given last. */
    public void appended(Appended answer, Duration now) {
        awaitsJournal = false;
        answered = now;
        troubles.journalWritten();
        Appending written = appending.orElseThrow();
        appending = Optional.empty();
        switch (answer) {
            case Appended.Durable() -> {
                state = written.after();
                written.then().run();
                durable(written.event(), now);
            }
            case Appended.Fenced(String other, long theirs) -> {
                if (epoch == 0 && ++overtaken < OVERTAKEN) {
                    // The last words of the supervisor before this one came between reading and taking over.
                    readJournal();
                } else {
                    end(new RunOutcome.Fenced(other, theirs));
                }
            }
        }
    }

    /** The journal could not be read or written. */
    public void journalFailed(Throwable cause) {
        Category category = cause instanceof BlocksmithException known ? known.category() : Category.DEFECT;
        switch (category) {
            case STORE_FULL, STORE_UNAVAILABLE, TRANSIENT ->
                // Nothing is lost: whoever was not acknowledged reports again.
                steps.add(new Step.ReadJournalLater(troubles.journalFailed(cause.getMessage()), cause.getMessage()));
            case USER, ENVIRONMENT, NOT_FINITE, DEVICE_MEMORY, HUNG, WORKER_LOST, DAMAGED, DEFECT ->
                end(new RunOutcome.Broken(cause));
        }
    }

    private void durable(Event event, Duration now) {
        switch (event) {
            case SupervisorStarted started -> {
                epoch = started.epoch();
                fleet.listens(now);
                state.running().forEach(running -> watchdog.began(running.ticket(), now));
            }
            case StageStarted started ->
                place((Running) state.stage(started.ticket().stage()), now);
            case StageCommitted committed -> {
                forget(committed.ticket());
                troubles.committed();
            }
            case StageCancelled cancelled -> forget(cancelled.ticket());
            case StageDamaged damaged -> forget(damaged.ticket());
            case StageFailed failed -> {
                forget(failed.ticket());
                fleet.failed(failed.worker(), failed.category(), now);
                troubles.stageFailed(state, failed, now);
            }
            case RunCompleted _ -> end(new RunOutcome.Completed(state));
            case RunStopped _ -> end(new RunOutcome.Stopped(state));
            case RunSubmitted _, RunPaused _, RunResumed _, StageReset _, WorkerDrained _, WorkerReturned _ -> {}
        }
    }

    private void place(Running started, Duration now) {
        // A worker lost during the append holds nothing by the fleet; the next decision abandons the attempt.
        fleet.gave(started.worker(), started.ticket());
        watchdog.began(started.ticket(), now);
        steps.add(new Step.Place(new Assignment(started.ticket(), started.adjustment()), started.worker()));
    }

    private void forget(Ticket ticket) {
        watchdog.ended(ticket);
        steps.add(new Step.Forget(ticket));
    }

    // What it does.

    /** What is to be done now; empty while the journal is awaited, and when there is nothing to do. */
    public List<Step> next(Duration now, Instant at) {
        if (!awaitsJournal && !over) {
            advance(now, at);
        }
        List<Step> next = List.copyOf(steps);
        steps.clear();
        return next;
    }

    private void advance(Duration now, Instant at) {
        if (!isMine()) {
            takeOver(at);
            return;
        }
        for (Report report = reports.poll(); report != null; report = reports.poll()) {
            if (record(report, at)) {
                return;
            }
        }
        for (var request = requests.pollFirstEntry(); request != null; request = requests.pollFirstEntry()) {
            if (fulfil(request.getKey(), request.getValue(), at)) {
                return;
            }
        }
        Situation situation = troubles.situation(state, fleet, watchdog, stopRequested, now);
        for (Command decided : decisions.decide(state, situation)) {
            switch (decided) {
                case Told told -> tell(told);
                case Recorded recorded -> {
                    append(recorded.event(at), () -> {});
                    return;
                }
            }
        }
        if (now.minus(answered).compareTo(LOOK_AGAIN) >= 0) {
            readJournal();
        }
    }

    /** Whether the run is this supervisor's, as far as it knows. */
    private boolean isMine() {
        return epoch > 0 && state.epoch() == epoch;
    }

    private int blocks() {
        return decisions.plan().segments().blocks();
    }

    private void takeOver(Instant at) {
        Event event = state.phase() == Phase.NEW
                ? new RunSubmitted(at, submission.run(), submission.identityDigest(), blocks())
                : new SupervisorStarted(at, state.epoch() + 1, holder);
        append(event, () -> {});
    }

    /** Whether the report became an event. */
    private boolean record(Report report, Instant at) {
        Optional<Event> event = Outcome.event(state, report.ticket(), report.worker(), report.outcome(), at);
        event.ifPresentOrElse(
                // Until its end is durable the attempt is the worker's: should the ledger fail, it is reported again.
                recorded -> append(recorded, () -> acknowledge(report, false)),
                () -> acknowledge(report, true));
        return event.isPresent();
    }

    private void acknowledge(Report report, boolean stale) {
        fleet.returned(report.worker(), report.ticket());
        steps.add(new Step.Acknowledge(report, stale));
    }

    /** Whether the request keeps the journal busy: it became an event, or its being idle is looked up. */
    private boolean fulfil(String id, Request request, Instant at) {
        if (request instanceof Request.Cancel(String by)) {
            // Done only when the run rests: a supervisor that dies before that leaves the request to the next one.
            stopRequested = Optional.of("cancelled by " + by);
            return false;
        }
        Optional<Event> event = request.event(state, at);
        if (event.isPresent()) {
            append(event.get(), () -> steps.add(new Step.Fulfil(id)));
            return true;
        }
        if (confirmed.remove(id)) {
            steps.add(new Step.Fulfil(id));
            return false;
        }
        // Whoever was overtaken unawares must not wave away what its successor is asked: the ledger tells.
        confirmed.add(id);
        requests.putFirst(id, request);
        readJournal();
        return true;
    }

    private void tell(Told told) {
        if (told instanceof Assist(Assignment assignment, String worker)) {
            fleet.assists(worker, assignment.ticket());
        }
        steps.add(new Step.Tell(told));
    }

    private void readJournal() {
        awaitsJournal = true;
        steps.add(new Step.ReadJournal());
    }

    private void append(Event event, Runnable then) {
        // An illegal event is a defect of ours; the fold shows it before it is durable.
        appending = Optional.of(new Appending(event, state.after(event), then));
        awaitsJournal = true;
        steps.add(new Step.Append(event));
    }

    private void end(RunOutcome outcome) {
        over = true;
        steps.add(new Step.End(outcome));
    }
}
