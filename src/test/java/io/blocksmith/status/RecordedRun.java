package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.cluster.LiveRun;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Journal;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Plans;
import io.blocksmith.run.Progress;
import io.blocksmith.run.RunState;
import io.blocksmith.run.RunState.Phase;
import io.blocksmith.run.Stage;
import io.blocksmith.run.StageResult;
import io.blocksmith.run.Ticket;
import io.blocksmith.run.Trail;
import io.blocksmith.stage.Figures;
import io.blocksmith.stage.RunIdentity;
import io.blocksmith.stage.RunInputs;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RunNames;
import io.blocksmith.store.SpecFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A run folder as a supervisor leaves it, event by event, without one: four blocks in two segments, to be repaired. */
public final class RecordedRun implements AutoCloseable {
    public static final int BLOCKS = 4;
    public static final Stage RUNNING = new Stage.TrainBlock(2);
    public static final Stage DONE = new Stage.TrainBlock(0);

    private final ObjectStore store;
    private final Ledger ledger;
    private long beat;

    private RecordedRun(ObjectStore store) {
        this.store = store;
        this.ledger = new Ledger(store);
    }

    /** A run that was submitted under this name and taken by its first supervisor. */
    public static RecordedRun started(Path folder, String name) {
        ObjectStore store = DirectoryStore.openForWriting(folder, "test");
        SpecFile.of(new RunIdentity(Plans.recipe(2, 2, 8), "m", "c", ""), new RunInputs("model", "text", ""))
                .writeOrConfirm(store);
        RecordedRun run = new RecordedRun(store);
        run.append(new Event.RunSubmitted(Histories.NOON, name, "d1", BLOCKS));
        run.append(new Event.SupervisorStarted(Histories.NOON, 1, "host:1"));
        return run;
    }

    /** A run that is there, to go on with its ledger. */
    public static RecordedRun again(Path folder) {
        return new RecordedRun(DirectoryStore.openForWriting(folder, "test"));
    }

    /** A run that was started, with a block that is done, one that failed once and is trained again, and a perplexity. */
    public static RecordedRun underWay(Path folder, String name) {
        RecordedRun run = started(folder, name);
        for (int segment = 0; segment < 2; segment++) {
            for (int part = 0; part < 2; part++) {
                run.commit(new Stage.Capture(segment, part), Map.of(Figures.SECONDS, 0.5));
            }
        }
        run.commit(DONE, Map.of(Figures.SECONDS, 7.4, Figures.START_LOSS, 0.0041, Figures.FINAL_LOSS, 0.0009));
        run.commit(
                new Stage.Evaluate(Stage.Subject.FULL_PRECISION),
                Map.of(Figures.SECONDS, 1.0, Figures.PERPLEXITY, 7.777));
        Ticket first = run.begin(RUNNING, "worker-2");
        run.append(new Event.StageFailed(
                Histories.NOON,
                first,
                Category.WORKER_LOST,
                "worker worker-2 is gone",
                "worker-2",
                new Evidence(9, 8, List.of())));
        run.begin(RUNNING, "worker-1");
        run.append(new Event.WorkerDrained(Histories.NOON, "worker-3", "drained by ann@host"));
        run.beat(Histories.NOON.plusSeconds(60));
        return run;
    }

    public RunState state() {
        return ledger.read();
    }

    public ObjectStore store() {
        return store;
    }

    public void append(Event event) {
        ledger.read();
        assertThat(ledger.append(event)).isInstanceOf(Journal.Appended.Durable.class);
    }

    public Ticket begin(Stage stage, String worker) {
        Ticket ticket = state().nextTicket(stage);
        append(new Event.StageStarted(Histories.NOON, ticket, worker, Histories.NUMERICS, Adjustment.NONE));
        return ticket;
    }

    /** Commits the stage; what it trained leaves curves. */
    public void commit(Stage stage, Map<String, Double> figures) {
        Ticket ticket = begin(stage, Histories.WORKER);
        String curves = RunNames.attempt(ticket) + "curves.json";
        boolean trains = figures.containsKey(Figures.FINAL_LOSS);
        if (trains) {
            byte[] content = "{\"train\": [{\"step\": 8, \"loss\": 0.003}, {\"step\": 16, \"loss\": 0.002}],"
                    .concat(" \"validation\": [{\"step\": 0, \"loss\": 0.0041}]}")
                    .getBytes(StandardCharsets.UTF_8);
            store.createIfAbsent(curves, content);
        }
        List<ObjectRef> objects = trains ? List.of(new ObjectRef(curves, 1, "00")) : List.of();
        append(new Event.StageCommitted(Histories.NOON.plusSeconds(8), ticket, new StageResult(objects, figures)));
    }

    /** One heartbeat of a supervisor in this process, as of this time. */
    public void beat(Instant at) {
        beat++;
        RunState state = state();
        List<LiveRun.Attempt> attempts = state.running().stream()
                .map(running -> new LiveRun.Attempt(
                        running.worker(),
                        Histories.NOON,
                        false,
                        new Progress(
                                running.ticket(), "train", 1, 2, 12 + beat, 64, 0.0022, 0.0051, 5123.4, 0.21, 8, 0.01),
                        at.minus(Duration.ofSeconds(20)),
                        List.of(new Trail.Point(4, 0.004), new Trail.Point(8, 0.003))))
                .toList();
        LiveRun.Worker worker = new LiveRun.Worker(
                Histories.WORKER, Histories.NUMERICS, "1.0", true, List.of("ticket"), "", false, false, false);
        LiveRun.Worker idle =
                new LiveRun.Worker("worker-3", Histories.NUMERICS, "1.0", true, List.of(), "", false, false, true);
        boolean supervised = state.phase() == Phase.RUNNING || state.phase() == Phase.PAUSED;
        new LiveStatus(
                        LiveStatus.VERSION,
                        "host:1",
                        "host",
                        ProcessHandle.current().pid(),
                        state.epoch(),
                        beat,
                        ledger.end().sequence(),
                        ledger.end().digest(),
                        !supervised,
                        LiveStatus.tree(
                                new LiveRun(at, state.phase(), "", false, 5400.0, "", attempts, List.of(worker, idle))))
                .write(store);
    }

    @Override
    public void close() {
        store.close();
    }
}
