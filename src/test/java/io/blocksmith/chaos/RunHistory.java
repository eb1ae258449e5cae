package io.blocksmith.chaos;

import io.blocksmith.run.Event;
import io.blocksmith.run.Event.StageCancelled;
import io.blocksmith.run.Event.StageCommitted;
import io.blocksmith.run.Event.StageDamaged;
import io.blocksmith.run.Event.StageFailed;
import io.blocksmith.run.Event.StageStarted;
import io.blocksmith.run.Ticket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a ledger says of a run, as tests ask for it. */
record RunHistory(List<Event> events) {

    /** The newest start of a stage. */
    Optional<StageStarted> started(String stage) {
        return events.stream()
                .filter(StageStarted.class::isInstance)
                .map(StageStarted.class::cast)
                .filter(started -> started.ticket().stage().key().equals(stage))
                .reduce((_, last) -> last);
    }

    Optional<StageCommitted> committed(String stage) {
        return events.stream()
                .filter(StageCommitted.class::isInstance)
                .map(StageCommitted.class::cast)
                .filter(committed -> committed.ticket().stage().key().equals(stage))
                .reduce((_, last) -> last);
    }

    List<StageFailed> failures() {
        return events.stream()
                .filter(StageFailed.class::isInstance)
                .map(StageFailed.class::cast)
                .toList();
    }

    List<StageCancelled> cancellations() {
        return events.stream()
                .filter(StageCancelled.class::isInstance)
                .map(StageCancelled.class::cast)
                .toList();
    }

    /** What must never be in a ledger: a second commit of a stage, or one by an attempt that is not the newest. */
    List<String> wrongs() {
        List<String> wrongs = new ArrayList<>();
        Set<Ticket> alive = new HashSet<>();
        Set<String> committed = new HashSet<>();
        for (Event event : events) {
            switch (event) {
                case StageStarted started -> {
                    boolean twice = alive.stream()
                            .anyMatch(ticket ->
                                    ticket.stage().equals(started.ticket().stage()));
                    if (twice) {
                        wrongs.add("started while an attempt was alive: " + started.ticket());
                    }
                    alive.add(started.ticket());
                }
                case StageCommitted done -> {
                    if (!alive.remove(done.ticket())) {
                        wrongs.add("committed by an attempt that is over: " + done.ticket());
                    }
                    if (!committed.add(done.ticket().stage().key())) {
                        wrongs.add("committed twice: " + done.ticket());
                    }
                }
                case StageFailed failed -> alive.remove(failed.ticket());
                case StageCancelled cancelled -> alive.remove(cancelled.ticket());
                case StageDamaged damaged -> {
                    alive.remove(damaged.ticket());
                    committed.remove(damaged.source().key());
                }
                case Event.RunSubmitted _,
                        Event.SupervisorStarted _,
                        Event.StageReset _,
                        Event.RunPaused _,
                        Event.RunResumed _,
                        Event.WorkerDrained _,
                        Event.WorkerReturned _,
                        Event.RunCompleted _,
                        Event.RunStopped _ -> {}
            }
        }
        return wrongs;
    }
}
