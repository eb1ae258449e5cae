package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static io.blocksmith.run.Histories.WORKER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.Category;
import io.blocksmith.run.Adjustment;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RestCause;
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
import io.blocksmith.run.Evidence;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.RunState;
import io.blocksmith.run.Stage;
import io.blocksmith.run.Stage.Capture;
import io.blocksmith.run.Stage.EndToEnd;
import io.blocksmith.run.Stage.Evaluate;
import io.blocksmith.run.Stage.Export;
import io.blocksmith.run.Stage.RepairBlock;
import io.blocksmith.run.Stage.Report;
import io.blocksmith.run.Stage.Subject;
import io.blocksmith.run.Stage.TrainBlock;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
    private static final Event SUBMITTED = new RunSubmitted(NOON, "tiny", "d1", 3);
    private static final Event TAKEN = new SupervisorStarted(NOON, 1, "host:1");

    @TempDir
    Path root;

    private ObjectStore store;
    private Ledger ledger;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root, "test");
        ledger = new Ledger(store);
    }

    /** A history with every kind of event and every kind of stage. */
    private static List<Event> everything() {
        List<Event> events = new ArrayList<>(List.of(SUBMITTED, TAKEN));
        List<Stage> stages = List.of(
                new Capture(0, 0),
                new TrainBlock(0),
                new RepairBlock(0),
                new EndToEnd(),
                new Export(ExportFormat.GPTQ),
                new Evaluate(Subject.ROUND_TO_NEAREST),
                new Report());
        for (Stage stage : stages) {
            Ticket ticket = new Ticket("tiny", stage, 1, 1);
            events.add(new StageStarted(NOON, ticket, WORKER, "cpu", Adjustment.NONE));
            events.add(new StageCommitted(NOON, ticket, Histories.result(ticket)));
        }
        Stage stage = new TrainBlock(1);
        Ticket first = new Ticket("tiny", stage, 1, 1);
        Ticket second = new Ticket("tiny", stage, 2, 1);
        Ticket third = new Ticket("tiny", stage, 3, 1);
        Evidence evidence = new Evidence(12, 10, List.of(0.5, 0.25));
        events.add(new StageStarted(NOON, first, WORKER, "cpu", Adjustment.NONE));
        events.add(new StageFailed(NOON, first, Category.NOT_FINITE, "the loss is NaN", WORKER, evidence));
        events.add(new StageStarted(NOON, second, WORKER, "cpu", new Adjustment(0.5, 2)));
        events.add(new StageCancelled(NOON, second, evidence));
        events.add(new StageStarted(NOON, third, WORKER, "cpu", Adjustment.NONE));
        events.add(new StageDamaged(NOON, third, new TrainBlock(0), "3 of 4 bytes"));
        events.add(new StageReset(NOON, stage, "reset by a person"));
        events.add(new WorkerDrained(NOON, WORKER, "drained by a person"));
        events.add(new WorkerReturned(NOON, WORKER));
        events.add(new RunPaused(NOON, RestCause.STORE, "no room"));
        events.add(new RunResumed(NOON, "there is room"));
        events.add(new RunStopped(NOON, RestCause.REQUESTED, "a person asked"));
        events.add(new SupervisorStarted(NOON, 2, "host:2"));
        events.add(new RunCompleted(NOON));
        return events;
    }

    private static Event start(Ticket ticket) {
        return new StageStarted(NOON, ticket, WORKER, "cpu", Adjustment.NONE);
    }

    @Test
    void filesOfOthersInItsFolderAreNoRecords() throws IOException {
        everything().forEach(ledger::append);
        Files.writeString(root.resolve("ledger/.DS_Store"), "Bud1");
        Files.writeString(root.resolve("ledger/00000002 (conflicted copy).json"), "{}");
        Files.writeString(root.resolve("ledger/00000099.json~"), "{}");
        Files.createDirectories(root.resolve("ledger/lost+found"));

        assertThat(new Ledger(store).events()).isEqualTo(everything());
    }

    @Test
    void everyEventReadsBackAsItWasWritten() {
        everything().forEach(event -> assertThat(ledger.append(event)).isEqualTo(new Appended.Durable()));
        assertThat(new Ledger(store).events()).isEqualTo(everything());
    }

    @Test
    void theStateIsTheFoldOfTheRecords() {
        everything().forEach(ledger::append);
        RunState folded = Histories.fold(RunState.empty(), everything().toArray(Event[]::new));
        assertThat(new Ledger(store).read()).isEqualTo(folded);
    }

    @Test
    void recordsLookAsDocumented() throws IOException {
        ledger.append(SUBMITTED);
        assertThat(Files.readString(root.resolve("ledger/00000001.json"))).isEqualTo("""
            {
              "version" : 2,
              "sequence" : 1,
              "previous" : "",
              "epoch" : 0,
              "event" : {
                "type" : "run-submitted",
                "at" : "2026-01-01T12:00:00Z",
                "run" : "tiny",
                "identity-digest" : "d1",
                "blocks" : 3
              }
            }\
            """);
    }

    @Test
    void anEmptyFolderIsARunThatNeverWas() {
        assertThat(ledger.read()).isEqualTo(RunState.empty());
    }

    @Test
    void whoeverLosesTheNextRecordIsFencedByItsHolder() {
        ledger.append(SUBMITTED);
        ledger.append(TAKEN);
        Ledger other = new Ledger(store);
        other.read();
        other.append(new SupervisorStarted(NOON, 2, "host:2"));
        assertThat(ledger.append(start(new Ticket("tiny", new Capture(0, 0), 1, 1))))
                .isEqualTo(new Appended.Fenced("host:2", 2));
    }

    @Test
    void anIllegalEventIsNotRecorded() {
        ledger.append(SUBMITTED);
        assertThatThrownBy(() -> ledger.append(SUBMITTED)).hasMessageContaining("the run exists already");
        assertThat(store.list("ledger/")).hasSize(1);
    }

    @Test
    void anAlteredRecordBreaksTheChain() throws IOException {
        ledger.append(SUBMITTED);
        ledger.append(TAKEN);
        Path first = root.resolve("ledger/00000001.json");
        Files.writeString(first, Files.readString(first).replace("tiny", "tinY"));
        assertThatThrownBy(() -> new Ledger(store).read())
                .hasMessageStartingWith("the ledger is broken at " + root.resolve("ledger/00000002.json"))
                .hasMessageContaining("the record before it was altered");
    }

    @Test
    void aMissingRecordIsNoticed() {
        ledger.append(SUBMITTED);
        ledger.append(TAKEN);
        store.delete("ledger/00000001.json");
        assertThatThrownBy(() -> new Ledger(store).read())
                .hasMessageEndingWith("00000002.json: record 1 is expected here: one is missing or does not belong");
    }

    @Test
    void anUnknownVersionIsRefused() throws IOException {
        ledger.append(SUBMITTED);
        Path first = root.resolve("ledger/00000001.json");
        Files.writeString(first, Files.readString(first).replace("\"version\" : 2", "\"version\" : 9"));
        assertThatThrownBy(() -> new Ledger(store).read())
                .hasMessageEndingWith("00000001.json: version 9; this Blocksmith reads version 2");
    }

    @Test
    void aRunOfAnOlderBlocksmithIsRefusedWithAdvice() throws IOException {
        ledger.append(SUBMITTED);
        Path first = root.resolve("ledger/00000001.json");
        Files.writeString(first, Files.readString(first).replace("\"version\" : 2", "\"version\" : 1"));
        assertThatThrownBy(() -> new Ledger(store).read())
                .hasMessageContaining("version 1, of a Blocksmith before clusters")
                .hasMessageContaining("start it anew in another run folder");
    }

    @Test
    void aLaterReadTakesOnlyWhatIsNew() throws IOException {
        Ledger reader = new Ledger(store);
        ledger.append(SUBMITTED);
        reader.read();
        ledger.append(TAKEN);
        // A record that was read is not read again, so its loss goes unnoticed until the next start.
        Files.delete(root.resolve("ledger/00000001.json"));
        assertThat(reader.events()).containsExactly(SUBMITTED, TAKEN);
        assertThat(reader.end().digest()).isEqualTo(ledger.end().digest());
    }

    @Test
    void afterAFencedAppendNothingMoreIsAppended() {
        ledger.append(SUBMITTED);
        ledger.append(TAKEN);
        Ledger other = new Ledger(store);
        other.read();
        other.append(new SupervisorStarted(NOON, 2, "host:2"));
        Ticket stale = new Ticket("tiny", new Capture(0, 0), 1, 1);
        ledger.append(start(stale));
        assertThat(ledger.append(start(stale))).isEqualTo(new Appended.Fenced("host:2", 2));
        assertThat(store.list("ledger/")).hasSize(3);
    }

    @Test
    void aRecordWhoseAnswerGotLostCountsAsDurable() {
        ledger.append(SUBMITTED);
        Ledger retried = new Ledger(store);
        retried.read();
        ledger.append(TAKEN);
        assertThat(retried.append(TAKEN)).isEqualTo(new Appended.Durable());
        assertThat(store.list("ledger/")).hasSize(2);
        assertThat(retried.read()).isEqualTo(ledger.read());
    }

    @Test
    void aTornRecordIsNamed() throws IOException {
        Files.createDirectories(root.resolve("ledger"));
        Files.writeString(root.resolve("ledger/00000001.json"), "{\"version\" : 1,");
        assertThatThrownBy(() -> new Ledger(store).read())
                .hasMessageContaining("00000001.json: Unexpected end-of-input");
    }
}
