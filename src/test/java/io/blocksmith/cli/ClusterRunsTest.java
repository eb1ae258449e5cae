package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
import io.blocksmith.run.Stage;
import io.blocksmith.status.RecordedRun;
import io.blocksmith.store.ObjectStore;
import io.blocksmith.store.RequestBox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs of a cluster wait for a supervisor, whatever else lies in their folders. */
class ClusterRunsTest {
    @TempDir
    Path folder;

    private final AtomicLong seconds = new AtomicLong();
    private RunsFolder runs;
    private ClusterRuns catalog;

    @BeforeEach
    void open() {
        Settings settings = SettingsLoader.load(Optional.empty(), List.of(), Map.of("cluster.runs", folder.toString()));
        runs = new RunsFolder(settings, "test");
        catalog = new ClusterRuns(
                runs,
                settings,
                "test",
                (store, recipe) -> {
                    throw new AssertionError("nothing is opened");
                },
                () -> TimeUnit.SECONDS.toNanos(seconds.get()));
    }

    @Test
    void aForeignFileAmongTheRequestsOfAStoppedRunKeepsNoRunFromItsTurn() throws IOException {
        stopped("first", "notes.txt");
        stopped("second", "notes.txt");
        submitted("third");
        ask("second", new Request.Resume("ann@host"));

        assertThat(catalog.waiting()).containsExactly("second", "third");
        assertThat(folder.resolve("first/requests/notes.txt")).hasContent("call Ann");
    }

    @Test
    void aRunThatCannotBeLookedAtKeepsNoOtherFromItsTurn() throws IOException {
        submitted("first");
        submitted("second");
        Path record = folder.resolve("first/ledger/00000001.json");
        String whole = Files.readString(record);
        Files.writeString(record, "{\"tor");

        assertThat(catalog.waiting()).containsExactly("second");
        Files.writeString(record, whole);
        assertThat(catalog.waiting()).containsExactly("first", "second");
    }

    @Test
    void aCompleteRunWaitsOnceAStageOfItIsToBeTriedAfresh() {
        completed("first");
        submitted("second");
        ask("first", new Request.Resume("ann@host"));

        assertThat(catalog.waiting()).containsExactly("second");
        ask("first", new Request.Retry("ann@host", new Stage.Report()));
        // A complete run is not looked at all the time.
        seconds.set(29);
        assertThat(catalog.waiting()).containsExactly("second");
        seconds.set(31);
        assertThat(catalog.waiting()).containsExactly("first", "second");
    }

    @Test
    void aCoordinatorThatFindsTheRetryFirstTakesTheRunAtOnce() {
        completed("first");
        ask("first", new Request.Retry("ann@host", new Stage.Report()));

        assertThat(catalog.waiting()).containsExactly("first");
    }

    @Test
    void aCompleteRunThatAnotherCoordinatorHasTakenUpIsNotTakenForComplete() {
        completed("first");
        assertThat(catalog.waiting()).isEmpty();

        try (RecordedRun run = RecordedRun.again(folder.resolve("first"))) {
            run.append(new Event.SupervisorStarted(Histories.NOON, 2, "host:2"));
        }
        seconds.set(60);
        assertThat(catalog.waiting()).containsExactly("first");
    }

    @Test
    void aRunThatWasDeletedAndSubmittedAnewWaits() throws IOException {
        completed("first");
        assertThat(catalog.waiting()).isEmpty();

        Files.move(folder.resolve("first"), folder.resolve("deleted"));
        submitted("first");
        seconds.set(60);
        assertThat(catalog.waiting()).containsExactly("first");
    }

    private void ask(String name, Request request) {
        try (ObjectStore store = runs.open(name)) {
            new RequestBox(store, InstantSource.system(), UUID::randomUUID).ask(request);
        }
    }

    private void completed(String name) {
        try (RecordedRun run = RecordedRun.started(folder.resolve(name), name)) {
            run.append(new Event.RunCompleted(Histories.NOON));
        }
        runs.submit(name);
    }

    private void submitted(String name) {
        RecordedRun.started(folder.resolve(name), name).close();
        runs.submit(name);
    }

    private void stopped(String name, String foreign) throws IOException {
        try (RecordedRun run = RecordedRun.started(folder.resolve(name), name)) {
            run.append(new Event.RunStopped(Histories.NOON, Event.RestCause.REQUESTED, "cancelled by ann@host"));
        }
        Path file = folder.resolve(name).resolve("requests").resolve(foreign);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "call Ann");
        runs.submit(name);
    }
}
