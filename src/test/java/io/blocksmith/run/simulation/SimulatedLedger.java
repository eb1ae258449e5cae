package io.blocksmith.run.simulation;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import java.util.ArrayList;
import java.util.List;

/** The shared records of a run, created only if absent. Each supervisor appends through a handle of its own. */
final class SimulatedLedger {
    private final List<Event> events = new ArrayList<>();
    private final List<RunState> states = new ArrayList<>(List.of(RunState.empty()));
    private final World world;

    SimulatedLedger(World world) {
        this.world = world;
    }

    /** The fold of everything recorded, as nobody in the run can know it at once. */
    RunState truth() {
        return states.getLast();
    }

    Journal handle() {
        return new Handle();
    }

    private final class Handle implements Journal {
        private int sequence;

        @Override
        public RunState read() {
            world.health().check();
            sequence = events.size();
            return truth();
        }

        @Override
        public Appended append(Event event) {
            world.health().check();
            RunState after = states.get(sequence).after(event);
            if (sequence < events.size()) {
                return new Appended.Fenced(truth().holder(), truth().epoch());
            }
            world.invariants().appended(world.author().epoch(), event, truth(), after);
            events.add(event);
            states.add(after);
            sequence++;
            if (world.health().losesAnswer()) {
                throw new BlocksmithException(Category.STORE_UNAVAILABLE, "the answer was lost", null);
            }
            return new Appended.Durable();
        }

        @Override
        public boolean isWritable() {
            return world.health().works();
        }
    }
}
