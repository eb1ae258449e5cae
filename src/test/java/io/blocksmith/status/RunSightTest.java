package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.blocksmith.run.Event;
import io.blocksmith.run.Histories;
import io.blocksmith.store.DirectoryStore;
import io.blocksmith.store.Lease;
import io.blocksmith.store.Ledger;
import io.blocksmith.store.LiveStatus;
import io.blocksmith.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunSightTest {
    @TempDir
    Path folder;

    @Test
    void whatAnAttemptDidBeforeTheTakeOverIsNotThePaceOfTheNewSupervisor() {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            run.append(new Event.SupervisorStarted(Histories.NOON.plusSeconds(60), 2, "host:2"));
            run.beat(Histories.NOON.plusSeconds(80));

            RunSight sight = look(Histories.NOON.plusSeconds(81));

            // The attempt computed its targets (72 windows forward), is at step 14 of 64, went on from step 8 and has
            // run
            // for 80 s, 20 of them under this supervisor. Its stage is two such passes, two epochs over 64 windows,
            // forward and backward, and three validations over 8.
            double stage = 2 * 72 + 2 * 3 * 64 + 3 * 8;
            double own = (72 + (stage - 2 * 72) * (14 - 8) / 64) / stage * 20 / 80;
            double part = sight.work(sight.plan().orElseThrow()).part(RecordedRun.RUNNING);
            double expected = 20 * (1 - sight.fraction()) / (part * own);
            assertThat(sight.secondsLeft().orElseThrow()).isCloseTo(expected, within(1e-6 * expected));
        }
    }

    @Test
    void aHeartbeatInAnotherShapeDoesNotLookAliveForEver() {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            LiveStatus beat = LiveStatus.read(run.store()).orElseThrow();
            new LiveStatus(
                            beat.version(),
                            beat.holder(),
                            beat.host(),
                            beat.pid(),
                            beat.epoch(),
                            beat.beat(),
                            beat.sequence(),
                            beat.digest(),
                            false,
                            LiveStatus.tree(Map.of("another", "shape")))
                    .write(run.store());

            RunSight sight = look(Histories.NOON.plusSeconds(61));

            assertThat(sight.shown()).isEmpty();
            assertThat(sight.pulse()).isEqualTo(RunSight.Pulse.STALE);
        }
    }

    @Test
    void aLookChangesNothingOfAForeignFileAmongTheRequests() throws IOException {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            Path foreign = folder.resolve("requests/notes.txt");
            Files.createDirectories(foreign.getParent());
            Files.writeString(foreign, "call Ann");

            assertThat(look(Histories.NOON.plusSeconds(61)).requests()).isEmpty();
            assertThat(run.store().exists("requests/notes.txt")).isTrue();
        }
    }

    private RunSight look(Instant now) {
        Lease.Processes processes = new Lease.Processes() {
            @Override
            public String host() {
                return "elsewhere";
            }

            @Override
            public boolean isAlive(long pid) {
                return false;
            }
        };
        try (ObjectStore store = DirectoryStore.open(folder)) {
            return RunSight.of("runs/first", store, new Ledger(store), processes, () -> now);
        }
    }
}
