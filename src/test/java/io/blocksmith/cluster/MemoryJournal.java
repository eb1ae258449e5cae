package io.blocksmith.cluster;

import io.blocksmith.run.Event;
import io.blocksmith.run.Journal;
import io.blocksmith.run.RunState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A journal that lasts as long as the test; answers chosen events with what the test says. */
final class MemoryJournal implements Journal {
    /** What stands in for storage that refuses an event. */
    interface Refusal {
        Appended answer(Event event);
    }

    private final List<Event> events = new ArrayList<>();
    private Predicate<Event> refused = event -> false;
    private Refusal refusal = event -> new Appended.Durable();

    MemoryJournal(Event... past) {
        events.addAll(List.of(past));
    }

    synchronized void refuse(Predicate<Event> which, Refusal how) {
        refused = which;
        refusal = how;
    }

    @Override
    public synchronized RunState read() {
        RunState state = RunState.empty();
        for (Event event : events) {
            state = state.after(event);
        }
        return state;
    }

    @Override
    public synchronized Appended append(Event event) {
        if (refused.test(event)) {
            return refusal.answer(event);
        }
        events.add(event);
        return new Appended.Durable();
    }

    @Override
    public boolean isWritable() {
        return true;
    }

    synchronized List<Event> events() {
        return List.copyOf(events);
    }

    synchronized <E extends Event> List<E> events(Class<E> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
