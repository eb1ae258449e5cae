package io.blocksmith.run.simulation;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Assignment;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.simulation.SimulatedStore.Checkpoint;
import io.blocksmith.simulate.VirtualTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/** One start of a worker's process: speaks as {@code cluster.WorkerNode} does, and pretends to train. */
final class SimulatedWorker {
    private static final long REPEAT = 3000;
    private static final long STUCK = 30_000;
    private static final long GRACE = 20_000;
    private static final int CHECKPOINT_EVERY = 2;

    private final World world;
    private final VirtualTime time;
    private final Random random;
    private final String name;
    private final String start;
    /** How often it had to come again although its process did not end. */
    private int renewals;

    private final String numerics;
    private final Map<Ticket, Attempt> attempts = new LinkedHashMap<>();
    private final Set<Ticket> finished = new HashSet<>();
    private final List<Attempt> device = new ArrayList<>();
    private SimulatedSupervisor supervisor;
    private long supervisorEpoch = -1;
    private long greeting;
    private Optional<Ticket> help = Optional.empty();
    private boolean alive = true;
    private boolean leaving;
    private int slowness = 1;
    private boolean unfit;

    SimulatedWorker(World world, String name, String incarnation, String numerics) {
        this.world = world;
        this.time = world.time();
        this.random = world.random();
        this.name = name;
        this.start = incarnation;
        this.numerics = numerics;
    }

    private final class Attempt {
        private final Assignment assignment;
        private boolean begun;
        private boolean cancelled;
        private boolean hanging;
        private Outcome outcome;
        private Progress latest;
        private int step;
        private int steps;
        private int savedStep;
        private int failedSaves;
        private long input;

        Attempt(Assignment assignment) {
            this.assignment = assignment;
        }

        Ticket ticket() {
            return assignment.ticket();
        }

        void begin() {
            begun = true;
            RunState state = world.ledger().truth();
            Stage stage = ticket().stage();
            if (!world.health().works()) {
                fail(Category.STORE_UNAVAILABLE);
                return;
            }
            Optional<Stage> unreadable = world.store().unreadable(stage, state);
            if (unreadable.isPresent()) {
                end(new Outcome.FoundDamage(unreadable.get(), "torn"));
                return;
            }
            if (unfit) {
                fail(Category.ENVIRONMENT);
                return;
            }
            input = world.store().input(stage, state);
            steps = 3 + Math.floorMod(stage.key().hashCode(), 4);
            world.store()
                    .newest(stage, numerics, assignment.adjustment(), input)
                    .ifPresent(saved -> {
                        step = saved.step();
                        savedStep = saved.step();
                    });
            tell("targets");
            next();
        }

        private void next() {
            time.after((1000 + random.nextInt(1500)) * (long) slowness, this::advance);
        }

        private void advance() {
            if (!alive || hanging || outcome != null) {
                return;
            }
            if (cancelled) {
                save();
                end(new Outcome.Cancelled(Evidence.NONE));
                return;
            }
            Stage stage = ticket().stage();
            Category sickness = world.faults().poison(stage);
            if (world.faults().hangsNow() || sickness == Category.HUNG) {
                world.trace(() -> name + " hangs at " + ticket());
                hanging = true;
            } else if (sickness == Category.WORKER_LOST) {
                world.kill(SimulatedWorker.this);
            } else if (sickness != null) {
                fail(sickness);
            } else if (!world.faults().fits(stage, assignment.adjustment().microBatches())) {
                fail(Category.DEVICE_MEMORY);
            } else if (world.faults().isNan(stage, assignment.adjustment().learningRateFactor())) {
                fail(Category.NOT_FINITE);
            } else if (world.faults().failsNow()) {
                fail(Category.TRANSIENT);
            } else if (++step >= steps) {
                seal();
            } else {
                if (step % CHECKPOINT_EVERY == 0 && !save()) {
                    failedSaves++;
                }
                tell("train");
                if (failedSaves >= 2) {
                    fail(Category.STORE_FULL);
                } else {
                    next();
                }
            }
        }

        private boolean save() {
            if (!world.health().works()) {
                return false;
            }
            failedSaves = 0;
            if (step > savedStep) {
                savedStep = step;
                world.store()
                        .save(new Checkpoint(
                                ticket(), numerics, assignment.adjustment().learningRateFactor(), step, input));
            }
            return true;
        }

        private void seal() {
            if (world.health().works()) {
                end(new Outcome.Done(world.store().write(ticket(), assignment.adjustment(), input)));
            } else {
                fail(Category.STORE_FULL);
            }
        }

        private void fail(Category category) {
            end(new Outcome.Failed(category, "injected " + category, Evidence.NONE));
        }

        private void end(Outcome how) {
            Evidence evidence =
                    latest == null ? Evidence.NONE : new Evidence(latest.step(), latest.savedStep(), List.of());
            outcome = switch (how) {
                case Outcome.Failed(Category category, String reason, Evidence _) ->
                    new Outcome.Failed(category, reason, evidence);
                case Outcome.Cancelled _ -> new Outcome.Cancelled(evidence);
                case Outcome.Done _, Outcome.FoundDamage _ -> how;
            };
            world.trace(() -> name + " ends " + ticket() + ": " + outcome);
            report();
            device.remove(this);
            occupyDevice();
        }

        private void report() {
            if (alive && attempts.get(ticket()) == this) {
                if (leaving) {
                    sayGoodbye();
                }
                send(supervisor -> supervisor.ended(ticket(), SimulatedWorker.this, outcome));
                time.after(REPEAT, this::report);
            }
        }

        private void tell(String phase) {
            latest = new Progress(
                    ticket(), phase, 1, 1, step, steps, 0.5, 1, 1000.0 / slowness, slowness, savedStep, Double.NaN);
            Progress told = latest;
            send(supervisor -> supervisor.progressed(told));
        }

        void cancel() {
            if (!cancelled && outcome == null) {
                cancelled = true;
                if (!begun) {
                    // It stands in line behind something else; the device thread ends it when its turn comes.
                    return;
                }
                time.after(STUCK, () -> {
                    if (outcome == null) {
                        world.kill(SimulatedWorker.this);
                    }
                });
            }
        }
    }

    String name() {
        return name;
    }

    String incarnation() {
        return start + "+" + renewals;
    }

    /** Rises with each start, of whichever worker. */
    static int order(String incarnation) {
        return Integer.parseInt(incarnation.substring("start-".length(), incarnation.indexOf('+')));
    }

    String numerics() {
        return numerics;
    }

    /** Whether it can be found. */
    boolean isListed() {
        return alive && !leaving;
    }

    boolean alive() {
        return alive;
    }

    void die() {
        alive = false;
    }

    void slow(int factor) {
        slowness = factor;
    }

    /** Its machine lacks something: every attempt fails. */
    void unfit(boolean now) {
        unfit = now;
    }

    /** A signal: saves, reports and goes, at the latest when the time for that is over. */
    void leave() {
        leaving = true;
        attempts.values().forEach(Attempt::cancel);
        help = Optional.empty();
        sayGoodbye();
        time.after(GRACE, () -> world.kill(this));
        goIfIdle();
    }

    private void goIfIdle() {
        if (alive && leaving && attempts.isEmpty()) {
            world.kill(this);
        }
    }

    private void send(Consumer<SimulatedSupervisor> message) {
        SimulatedSupervisor to = supervisor;
        if (to != null) {
            world.network().send(name, to.host(), () -> message.accept(to));
        }
    }

    private Registration registration() {
        return new Registration(name, incarnation(), numerics, "1", attempts.keySet(), help, greeting);
    }

    private void sayGoodbye() {
        Registration registration = registration();
        send(to -> to.leaves(registration, this));
    }

    /** Its supervisor held it for gone. */
    void comeAnew(String incarnation) {
        if (alive && !leaving && incarnation.equals(incarnation())) {
            renewals++;
            world.trace(() -> name + " comes anew as " + incarnation());
            attempts.values().forEach(Attempt::cancel);
            help = Optional.empty();
        }
    }

    void hello(long epoch, long number, SimulatedSupervisor from) {
        if (!alive || supervisorEpoch > epoch) {
            return;
        }
        greeting = supervisorEpoch == epoch ? Math.max(greeting, number) : number;
        supervisor = from;
        supervisorEpoch = epoch;
        if (leaving) {
            sayGoodbye();
        } else {
            Registration registration = registration();
            send(to -> to.joined(registration, this));
        }
    }

    void start(Assignment assignment, SimulatedSupervisor from) {
        if (!alive) {
            return;
        }
        Ticket ticket = assignment.ticket();
        world.network().send(name, from.host(), () -> from.started(ticket));
        // A supervisor of an older epoch is over, and the present one has been told that the attempt is not here.
        if (attempts.containsKey(ticket) || finished.contains(ticket) || ticket.epoch() < supervisorEpoch) {
            return;
        }
        if (leaving) {
            send(to -> to.ended(ticket, this, new Outcome.Cancelled(Evidence.NONE)));
            return;
        }
        world.trace(() -> name + " takes " + ticket);
        Attempt attempt = new Attempt(assignment);
        attempts.put(ticket, attempt);
        device.add(attempt);
        // Whoever gives it an attempt does not know of its help: the call came late.
        help.ifPresent(this::endAssist);
        occupyDevice();
    }

    private void occupyDevice() {
        if (help.isEmpty() && !device.isEmpty() && !device.getFirst().begun) {
            device.getFirst().begin();
        }
    }

    void cancel(Ticket ticket) {
        if (!alive) {
            return;
        }
        if (attempts.containsKey(ticket)) {
            attempts.get(ticket).cancel();
        } else {
            // Whoever asks believes that it is here; should its start still come, it comes too late.
            finished.add(ticket);
            send(to -> to.ended(ticket, this, new Outcome.Cancelled(Evidence.NONE)));
        }
    }

    void acknowledged(Ticket ticket) {
        if (alive && attempts.containsKey(ticket) && attempts.get(ticket).outcome != null) {
            attempts.remove(ticket);
            finished.add(ticket);
            goIfIdle();
        }
    }

    void assist(Assignment assignment) {
        if (alive && !leaving && help.isEmpty() && attempts.isEmpty()) {
            help = Optional.of(assignment.ticket());
        }
    }

    void endAssist(Ticket ticket) {
        if (alive) {
            help = help.filter(shared -> !shared.equals(ticket));
            send(to -> to.assistEnded(ticket, name));
            occupyDevice();
        }
    }

    @Override
    public String toString() {
        return name + "/" + incarnation() + (alive ? "" : " dead") + " " + attempts.keySet() + help;
    }
}
