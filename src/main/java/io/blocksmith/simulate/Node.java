package io.blocksmith.simulate;

import io.blocksmith.run.Assignment;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Fleet.Registration;
import io.blocksmith.run.Outcome;
import io.blocksmith.run.Ticket;
import java.util.Optional;
import java.util.Set;

/** A worker that fails and comes back. */
final class Node {
    private static final String NUMERICS = "simulated";

    private final Simulation simulation;
    private final int index;
    private final String name;
    private int incarnation;
    private boolean up;
    private double downSince;
    private Optional<Attempt> attempt = Optional.empty();
    /** How the attempt ended, until a supervisor has recorded it. */
    private Optional<Outcome> outcome = Optional.empty();

    private Optional<Ticket> assists = Optional.empty();

    Node(Simulation simulation, int index) {
        this.simulation = simulation;
        this.index = index;
        this.name = "worker-%05d".formatted(index + 1);
    }

    String name() {
        return name;
    }

    int incarnation() {
        return incarnation;
    }

    boolean isUp() {
        return up;
    }

    boolean helps(Ticket ticket) {
        return up && assists.equals(Optional.of(ticket));
    }

    void rise() {
        up = true;
        incarnation++;
        simulation.time().afterSeconds(simulation.failures().node(index), this::fail);
        introduce();
    }

    private void fail() {
        simulation.tally().nodeFailed();
        up = false;
        downSince = simulation.time().seconds();
        int failed = incarnation;
        attempt.ifPresent(Attempt::die);
        attempt = Optional.empty();
        outcome = Optional.empty();
        leaveHelp();
        simulation
                .time()
                .afterSeconds(
                        simulation.cluster().detectionSeconds(),
                        () -> simulation.coordinator().ifPresent(coordinator -> coordinator.left(this, failed)));
        simulation.time().afterSeconds(simulation.cluster().restartSeconds(), () -> {
            settle();
            rise();
        });
    }

    /** Counts the time that it has been down, or what it does at the run's end: it saves that, as on a cancellation. */
    void settle() {
        if (up) {
            attempt.ifPresent(Attempt::cancel);
        } else {
            double now = simulation.time().seconds();
            simulation.tally().wasDown(now - downSince);
            downSince = now;
        }
    }

    private void leaveHelp() {
        Optional<Ticket> helped = assists;
        assists = Optional.empty();
        helped.flatMap(simulation::attempt).ifPresent(shared -> shared.leaves(this));
    }

    /** Tells the supervisor, if there is one, who it is and what it holds. */
    void introduce() {
        Set<Ticket> holds = attempt.map(held -> Set.of(held.ticket())).orElse(Set.of());
        Registration registration =
                new Registration(name, Integer.toString(incarnation), NUMERICS, "simulated", holds, assists, 0);
        simulation.tell(coordinator -> coordinator.joined(this, registration));
        report();
    }

    private void report() {
        if (attempt.isPresent() && outcome.isPresent()) {
            Ticket ticket = attempt.get().ticket();
            Outcome told = outcome.get();
            simulation.tell(coordinator -> coordinator.ended(ticket, this, told));
        }
    }

    void start(Assignment assignment) {
        Attempt started = new Attempt(simulation, this, assignment.ticket());
        attempt = Optional.of(started);
        started.begin();
    }

    void ended(Outcome how) {
        outcome = Optional.of(how);
        report();
    }

    void acknowledged(Ticket ticket) {
        if (attempt.isPresent() && attempt.get().ticket().equals(ticket)) {
            attempt = Optional.empty();
            outcome = Optional.empty();
        }
    }

    void cancel(Ticket ticket) {
        if (attempt.isPresent() && attempt.get().ticket().equals(ticket)) {
            if (outcome.isEmpty()) {
                attempt.get().cancel();
            }
        } else {
            simulation.tell(coordinator -> coordinator.ended(ticket, this, new Outcome.Cancelled(Evidence.NONE)));
        }
    }

    /** Loads the model, as every replica does, and then asks the leader for a state to start from. */
    void assist(Ticket ticket) {
        assists = Optional.of(ticket);
        int asked = incarnation;
        StageCost cost = simulation.costs().of(ticket.stage());
        double seconds = cost.readResults() / simulation.cluster().storeBytesPerSecond();
        simulation.time().afterSeconds(seconds, () -> {
            if (incarnation == asked && helps(ticket)) {
                simulation.tally().stored(seconds);
                simulation.tally().moved(Traffic.RESULTS, cost.readResults());
                simulation.attempt(ticket).ifPresent(shared -> shared.announced(this));
            }
        });
    }

    void endAssist(Ticket ticket) {
        if (helps(ticket)) {
            leaveHelp();
        }
        simulation.tell(coordinator -> coordinator.assistEnded(ticket, this));
    }

    /** The attempt that it leads, while that runs. */
    Optional<Attempt> leads(Ticket ticket) {
        return attempt.filter(held -> outcome.isEmpty() && held.ticket().equals(ticket));
    }
}
