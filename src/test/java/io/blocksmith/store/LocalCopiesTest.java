package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of one byte each in a folder for four. */
class LocalCopiesTest {
    private static final int LIMIT = 4;

    @TempDir
    Path folder;

    private long nanos;
    private LocalCopies copies;

    @BeforeEach
    void open() {
        copies = new LocalCopies(folder.resolve("copies"), LIMIT, () -> nanos);
    }

    private Path complete(String name) throws IOException {
        return Files.writeString(folder.resolve(name), "x");
    }

    private void download(String name) throws IOException {
        assertThat(copies.place(name, "v", complete(name))).hasContent("x");
    }

    private void make(String name) throws IOException {
        copies.offer(name, "v", complete(name));
        assertThat(folder.resolve(name)).doesNotExist();
    }

    private boolean isHere(String name) {
        return Files.exists(folder.resolve("copies").resolve(name));
    }

    private int here(String kind, int count) {
        int here = 0;
        for (int i = 0; i < count; i++) {
            here += isHere(kind + i) ? 1 : 0;
        }
        return here;
    }

    @Test
    void whatBlocksLeaveStaysWithinTheLimitHoweverFastTheyCome() throws IOException {
        for (int i = 0; i < 20; i++) {
            make("made" + i);
        }
        assertThat(here("made", 20)).isEqualTo(LIMIT);
        assertThat(isHere("made19")).as("the newest").isTrue();
    }

    @Test
    void whatAnAttemptAskedForStaysUntilItEnds() throws IOException {
        for (int i = 0; i < 6; i++) {
            download("asked" + i);
        }
        make("made0");
        assertThat(here("asked", 6)).isEqualTo(6);
        assertThat(isHere("made0")).as("no room for what nobody asked for").isFalse();

        copies.release();
        assertThat(here("asked", 6)).isEqualTo(LIMIT);
        assertThat(isHere("asked0")).as("the oldest").isFalse();
        make("made1");
        assertThat(isHere("made1")).isTrue();
        assertThat(here("asked", 6)).isEqualTo(LIMIT - 1);
    }

    @Test
    void aCopyThatWasMadeHereIsAskedForFromThenOn() throws IOException {
        make("made0");
        assertThat(copies.find("made0", "v")).isPresent();
        for (int i = 0; i < 6; i++) {
            download("asked" + i);
        }
        assertThat(isHere("made0")).isTrue();
        nanos += Duration.ofHours(3).toNanos();
        download("asked6");
        assertThat(isHere("made0")).as("opened by then").isFalse();
    }
}
