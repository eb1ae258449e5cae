package io.blocksmith.status;

import static org.assertj.core.api.Assertions.assertThat;

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

    private long nanos;
    private final HeartbeatWatch watch = new HeartbeatWatch(() -> nanos);

    @Test
    void theTimeLeftIsTheSupervisorsOwnAndOnlyWhileItLives() {
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            assertThat(look(Histories.NOON.plusSeconds(61)).secondsLeft()).hasValue(5400.0);
            nanos += 21_000_000_000L;
            assertThat(look(Histories.NOON.plusSeconds(82)).secondsLeft()).isEmpty();

            run.append(new Event.RunPaused(
                    Histories.NOON.plusSeconds(83), Event.RestCause.REQUESTED, "paused by ann@host"));
            run.beat(Histories.NOON.plusSeconds(84));
            RunSight paused = look(Histories.NOON.plusSeconds(85));
            assertThat(paused.pulse()).isEqualTo(RunSight.Pulse.LIVE);
            assertThat(paused.secondsLeft()).isEmpty();
        }
    }

    @Test
    void aWatcherWhoseClockIsAheadBelievesAHeartbeatThatMoves() {
        Instant ahead = Histories.NOON.plusSeconds(660);
        try (RecordedRun run = RecordedRun.underWay(folder, "first")) {
            assertThat(look(ahead).pulse()).isEqualTo(RunSight.Pulse.STALE);

            run.beat(Histories.NOON.plusSeconds(62));
            nanos += 2_000_000_000L;
            assertThat(look(ahead.plusSeconds(2)).pulse()).isEqualTo(RunSight.Pulse.LIVE);

            nanos += 21_000_000_000L;
            assertThat(look(ahead.plusSeconds(23)).pulse()).isEqualTo(RunSight.Pulse.STALE);
        }
    }

    @Test
    void aWatcherWhoseClockIsBehindSeesAHeartbeatThatStopped() {
        Instant behind = Histories.NOON.minusSeconds(600);
        try (RecordedRun _ = RecordedRun.underWay(folder, "first")) {
            assertThat(look(behind).pulse()).isEqualTo(RunSight.Pulse.LIVE);

            nanos += 21_000_000_000L;
            assertThat(look(behind.plusSeconds(21)).pulse()).isEqualTo(RunSight.Pulse.STALE);
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
            return RunSight.of("runs/first", store, new Ledger(store), watch, processes, () -> now);
        }
    }
}
