package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blocksmith.config.Settings;
import io.blocksmith.config.SettingsLoader;
import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.run.Request;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs of a cluster wait for a supervisor, whatever else lies in their folders. */
class ClusterRunsTest {
    @TempDir
    Path folder;

    private RunsFolder runs;
    private ClusterRuns catalog;

    @BeforeEach
    void open() {
        Settings settings = SettingsLoader.load(Optional.empty(), List.of(), Map.of("cluster.runs", folder.toString()));
        runs = new RunsFolder(settings, "test");
        catalog = new ClusterRuns(runs, settings, "test", (store, recipe) -> {
            throw new AssertionError("nothing is opened");
        });
    }

    @Test
    void aForeignFileAmongTheRequestsOfAStoppedRunKeepsNoRunFromItsTurn() throws IOException {
        stopped("first", "notes.txt");
        stopped("second", "notes.txt");
        submitted("third");
        try (ObjectStore store = runs.open("second")) {
            new RequestBox(store, InstantSource.system(), UUID::randomUUID).ask(new Request.Resume("ann@host"));
        }

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
