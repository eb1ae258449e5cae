package io.blocksmith.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scratch space goes, and only one's own and that of processes that are no more. */
class ScratchTest {
    @TempDir
    Path place;

    private List<Path> entries() throws IOException {
        try (Stream<Path> entries = Files.list(place)) {
            return entries.sorted().toList();
        }
    }

    private Path old(String name) throws IOException {
        Path left = Files.createDirectories(place.resolve(name));
        Files.writeString(left.resolve("lock"), "");
        Files.writeString(Files.createDirectories(left.resolve("3")).resolve("shard-000.act"), "hidden states");
        Files.setLastModifiedTime(left, FileTime.from(Instant.now().minusSeconds(3600)));
        return left;
    }

    @Test
    void goesWithAllThatIsInItWhenItIsClosed() throws IOException {
        try (Scratch scratch = Scratch.open(place)) {
            Files.writeString(
                    Files.createDirectories(scratch.folder().resolve("0")).resolve("a.act"), "x");
            assertThat(entries()).containsExactly(scratch.folder());
        }
        assertThat(entries()).isEmpty();
    }

    @Test
    void whatAKilledProcessLeftGoesAtTheNextStart() throws IOException {
        old("blocksmith-scratch-123");
        try (Scratch scratch = Scratch.open(place)) {
            assertThat(entries()).containsExactly(scratch.folder());
        }
    }

    @Test
    void whatALiveProcessHoldsOrIsNobodysOfOursStays() throws IOException {
        Path others = old("somebody-elses");
        try (Scratch first = Scratch.open(place)) {
            Files.setLastModifiedTime(
                    first.folder(), FileTime.from(Instant.now().minusSeconds(3600)));
            try (Scratch second = Scratch.open(place)) {
                assertThat(entries()).contains(first.folder(), second.folder(), others);
            }
        }
        assertThat(entries()).containsExactly(others);
    }

    @Test
    void aPlaceWithoutRoomIsRefusedBeforeItIsFilled() {
        try (Scratch scratch = Scratch.open(place)) {
            assertThatThrownBy(() -> scratch.announce(Long.MAX_VALUE))
                    .hasMessageContaining("are needed")
                    .hasMessageContaining("--scratch or BLOCKSMITH_SCRATCH");
        }
    }

    @Test
    void aPlaceThatIsNoneIsRefusedWithTheSystemsReason() {
        assertThatThrownBy(() -> Scratch.open(place.resolve("nowhere")))
                .hasMessageContaining("no such file or folder")
                .hasMessageContaining("choose another place");
    }
}
