package io.blocksmith.cluster;

import io.blocksmith.run.Histories;
import io.blocksmith.run.Progress;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.StageRunner;
import io.blocksmith.run.Ticket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Succeeds at once at every stage, except where a test says otherwise. */
final class ScriptedRunner implements StageRunner {
    private final Map<Stage, StageRunner> scripts = new ConcurrentHashMap<>();
    private final List<Ticket> ran = new CopyOnWriteArrayList<>();
    private final List<String> threads = new CopyOnWriteArrayList<>();

    ScriptedRunner at(Stage stage, StageRunner script) {
        scripts.put(stage, script);
        return this;
    }

    @Override
    public StageResult run(Ticket ticket, Consumer<Progress> progress, BooleanSupplier cancelled) {
        ran.add(ticket);
        threads.add(Thread.currentThread().getName());
        return scripts.getOrDefault(ticket.stage(), ScriptedRunner::succeed).run(ticket, progress, cancelled);
    }

    static StageResult succeed(Ticket ticket, Consumer<Progress> progress, BooleanSupplier cancelled) {
        return Histories.result(ticket);
    }

    static Progress step(Ticket ticket, long step) {
        return new Progress(ticket, "train", 1, 1, step, 100, 0.5, 0.9, 1000);
    }

    List<Ticket> ran() {
        return List.copyOf(ran);
    }

    List<String> threads() {
        return List.copyOf(threads);
    }
}
