package io.blocksmith.cluster;

import io.blocksmith.run.Assignment;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Monitor;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.run.Ticket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Succeeds at once at every stage, except where a test says otherwise. */
final class ScriptedRunner implements StageRunner {
    private final Map<Stage, Script> scripts = new ConcurrentHashMap<>();
    private final List<Ticket> ran = new CopyOnWriteArrayList<>();
    private final List<String> threads = new CopyOnWriteArrayList<>();

    /** One stage's part. */
    @FunctionalInterface
    interface Script {
        StageResult run(Ticket ticket, Monitor monitor);
    }

    ScriptedRunner at(Stage stage, Script script) {
        scripts.put(stage, script);
        return this;
    }

    @Override
    public StageResult run(Assignment assignment, Monitor monitor) {
        Ticket ticket = assignment.ticket();
        ran.add(ticket);
        threads.add(Thread.currentThread().getName());
        return scripts.getOrDefault(ticket.stage(), ScriptedRunner::succeed).run(ticket, monitor);
    }

    @Override
    public void assist(Assignment assignment, String worker, Monitor monitor) {
        throw new UnsupportedOperationException("no script assists");
    }

    static StageResult succeed(Ticket ticket, Monitor monitor) {
        return Histories.result(ticket);
    }

    static Progress step(Ticket ticket, long step) {
        return new Progress(ticket, "train", 1, 1, step, 100, 0.5, 0.9, 1000, 0.1, 0, Double.NaN);
    }

    List<Ticket> ran() {
        return List.copyOf(ran);
    }

    List<String> threads() {
        return List.copyOf(threads);
    }
}
