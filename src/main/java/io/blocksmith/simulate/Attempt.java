package io.blocksmith.simulate;

import io.blocksmith.run.Evidence;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.simulate.SharedStep.Part;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One attempt at a stage on one node, as a chain of spells, each of which ends at a moment known when it begins: reading,
 * passes, stretches of steps from one save to the next, saves, writing. Steps themselves are not events.
 */
final class Attempt {
    /** Against rounding: a position this close to a whole step is that step. */
    private static final double CLOSE = 1e-6;

    private enum Doing {
        COMPUTING,
        STORING,
        WAITING,
        STEPPING,
        /** What a helper had computed that is gone. */
        REDOING
    }

    private final Simulation simulation;
    private final Node node;
    private final Ticket ticket;
    private final StageCost cost;
    private final Durable durable;
    /** Present for E2E-QP. */
    private final Optional<Replicas> replicas;

    private Doing doing = Doing.WAITING;
    private double since;
    /** Counts spells, so that the end of one that was broken off is not taken for another's. */
    private long spell;

    private boolean over;
    /** Computing that no checkpoint keeps: what is not a step. */
    private double passes;

    /** Steps done; between two saves a fraction, when a helper came or went within a step. */
    private double position;

    private double lastSavedPosition = -1;
    private double saveBegan;
    private double uploadUntil;

    Attempt(Simulation simulation, Node node, Ticket ticket) {
        this.simulation = simulation;
        this.node = node;
        this.ticket = ticket;
        this.cost = simulation.costs().of(ticket.stage());
        this.durable = simulation.durable(ticket.stage());
        this.replicas = ticket.stage() instanceof Stage.EndToEnd
                ? Optional.of(new Replicas(
                        simulation.costs().sharedStep(),
                        simulation.cluster().storeBytesPerSecond(),
                        simulation.tally()))
                : Optional.empty();
    }

    Ticket ticket() {
        return ticket;
    }

    private double now() {
        return simulation.time().seconds();
    }

    void begin() {
        simulation.tally().moved(Traffic.STATES, cost.readStates());
        simulation.tally().moved(Traffic.RESULTS, cost.readResults());
        double read =
                (cost.readStates() + cost.readResults()) / simulation.cluster().storeBytesPerSecond();
        spend(Doing.STORING, read, () -> spend(Doing.COMPUTING, cost.before(), this::train));
    }

    private void spend(Doing what, double seconds, Runnable then) {
        doing = what;
        since = now();
        long mine = ++spell;
        simulation.time().afterSeconds(seconds, () -> {
            if (!over && spell == mine) {
                account();
                then.run();
            }
        });
    }

    /** Counts what the present spell has come to. */
    private void account() {
        double elapsed = now() - since;
        since = now();
        switch (doing) {
            case COMPUTING -> {
                simulation.tally().computed(elapsed);
                passes += elapsed;
            }
            case STORING -> simulation.tally().stored(elapsed);
            case WAITING -> {}
            case STEPPING -> step(elapsed);
            case REDOING -> replicas.orElseThrow().redid(elapsed);
        }
        doing = Doing.WAITING;
    }

    // Training.

    private void train() {
        position = durable.step();
        lastSavedPosition = position;
        saveBegan = now();
        if (position > 0) {
            simulation.tally().moved(Traffic.CHECKPOINTS, cost.checkpoint());
            spend(Doing.STORING, cost.checkpoint() / simulation.cluster().storeBytesPerSecond(), this::go);
        } else {
            go();
        }
    }

    private Part pace() {
        boolean replayed = durable.isShared(position);
        return replicas.map(all -> all.leader(replayed)).orElse(new Part(cost.stepSeconds(), 0, 0));
    }

    /** Steps to the next save, to the end, or to where the pace changes. */
    private void go() {
        double waiting = replicas.map(Replicas::takeWaiting).orElse(0.0);
        if (waiting > 0) {
            spend(Doing.WAITING, waiting, this::go);
            return;
        }
        double redoing = replicas.map(Replicas::takeRedoing).orElse(0.0);
        if (redoing > 0) {
            spend(Doing.REDOING, redoing, this::go);
            return;
        }
        if (position >= cost.steps()) {
            finish();
            return;
        }
        double seconds = pace().total();
        double end = Math.min((double) cost.steps(), durable.changesAfter(position));
        double save = nextSave(seconds);
        double target = Math.min(save, end);
        doing = Doing.STEPPING;
        since = now();
        long mine = ++spell;
        simulation.time().afterSeconds((target - position) * seconds, () -> {
            if (!over && spell == mine) {
                account();
                position = target;
                if (target == save && target < cost.steps()) {
                    save();
                } else {
                    go();
                }
            }
        });
    }

    /** The end of the first step at which a save is due and none is under way. */
    private double nextSave(double stepSeconds) {
        boolean awaited = replicas.filter(Replicas::isAwaited).isPresent();
        double due = awaited ? now() : saveBegan + simulation.cluster().checkpointSeconds();
        double wait = Math.max(0, Math.max(due, uploadUntil) - now());
        double least = awaited || position > lastSavedPosition ? position : position + 1;
        return Math.max(Math.ceil(least - CLOSE), Math.ceil(position + wait / stepSeconds - CLOSE));
    }

    private void step(double elapsed) {
        Part pace = pace();
        double steps = elapsed / pace.total();
        simulation.tally().computed(steps * pace.computing());
        simulation.tally().stored(steps * pace.storing());
        boolean replayed = durable.isShared(position);
        replicas.ifPresent(all -> all.stepped(steps, replayed));
        position += steps;
    }

    private void save() {
        long step = (long) Math.floor(position + CLOSE);
        saveBegan = now();
        lastSavedPosition = position;
        List<Node> joining = replicas.map(all -> all.begin(step)).orElse(List.of());
        spend(Doing.STORING, cost.checkpoint() / simulation.cluster().localBytesPerSecond(), () -> {
            upload(step, joining);
            go();
        });
    }

    private void upload(long step, List<Node> joining) {
        double seconds = cost.checkpoint() / simulation.cluster().storeBytesPerSecond();
        uploadUntil = now() + seconds;
        simulation.time().afterSeconds(seconds, () -> {
            if (!over) {
                durable.saved(step);
                simulation.tally().moved(Traffic.CHECKPOINTS, cost.checkpoint());
                Progress progress = progress(step);
                simulation.tell(coordinator -> coordinator.progressed(progress));
                joining.forEach(this::startFromCheckpoint);
            }
        });
    }

    private Progress progress(long saved) {
        long step = (long) position;
        double unknown = Double.NaN;
        return new Progress(
                ticket, "train", 1, 1, step, cost.steps(), unknown, unknown, unknown, unknown, saved, unknown);
    }

    private void finish() {
        double rest = Math.max(0, uploadUntil - now());
        spend(Doing.STORING, rest, () -> spend(Doing.COMPUTING, cost.after(), this::write));
    }

    private void write() {
        double bytes = cost.writtenStates() + cost.writtenResults();
        spend(Doing.STORING, bytes / simulation.cluster().storeBytesPerSecond(), () -> {
            simulation.tally().moved(Traffic.STATES, cost.writtenStates());
            simulation.tally().moved(Traffic.RESULTS, cost.writtenResults());
            over = true;
            node.ended(new Outcome.Done(new StageResult(List.of(), Map.of())));
        });
    }

    // Helpers.

    /** A helper has loaded the model; a new one is given a checkpoint, one that returns takes the newest. */
    void announced(Node helper) {
        Replicas all = replicas.orElseThrow();
        if (all.knows(helper)) {
            startFromCheckpoint(helper);
        } else {
            change(() -> all.welcome(helper));
        }
    }

    private void startFromCheckpoint(Node helper) {
        int asked = helper.incarnation();
        double seconds = cost.checkpoint() / simulation.cluster().storeBytesPerSecond();
        simulation.time().afterSeconds(seconds, () -> {
            if (!over && helper.helps(ticket) && helper.incarnation() == asked) {
                simulation.tally().stored(seconds);
                simulation.tally().moved(Traffic.CHECKPOINTS, cost.checkpoint());
                change(() -> replicas.orElseThrow().take(helper));
            }
        });
    }

    /** A helper is gone, or has work of its own. */
    void leaves(Node helper) {
        boolean computes = !durable.isShared(position);
        change(() -> replicas.orElseThrow().leaves(helper, computes ? position - Math.floor(position + CLOSE) : 0));
    }

    /** Breaks off a stretch of steps and begins another; a save or a wait goes on, and the change counts after it. */
    private void change(Runnable what) {
        boolean stepping = doing == Doing.STEPPING;
        if (stepping) {
            account();
        }
        what.run();
        if (stepping) {
            go();
        }
    }

    // Its end.

    /** The node has failed, maybe with a result that no supervisor has recorded. */
    void die() {
        if (!over) {
            account();
            over = true;
        }
        replicas.ifPresent(all -> all.sharedSince().ifPresent(from -> durable.shared(from, (long) position)));
        lose();
    }

    private void lose() {
        double steps = durable.atRisk(position);
        simulation.tally().lost(passes + steps * cost.stepSeconds(), (long) Math.floor(steps + CLOSE));
        passes = 0;
    }

    /** Saves and ends. */
    void cancel() {
        if (over) {
            return;
        }
        account();
        over = true;
        long step = (long) position;
        if (step > durable.step()) {
            durable.saved(step);
            simulation.tally().moved(Traffic.CHECKPOINTS, cost.checkpoint());
        }
        lose();
        node.ended(new Outcome.Cancelled(new Evidence(step, durable.step(), List.of())));
    }
}
