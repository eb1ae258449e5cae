package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Stage.TrainBlock;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifiedObjectsTest {
    private static final String NAME = "blocks/007/attempt-2/block.safetensors";

    @TempDir
    Path root;

    private ObjectStore store;
    private ObjectRef object;

    @BeforeEach
    void put() throws IOException {
        store = DirectoryStore.openForWriting(root, "test");
        object = store.put(NAME, Files.writeString(store.temporary(NAME), "abcdef"));
    }

    @Test
    void aSoundObjectIsAFile() {
        assertThat(new VerifiedObjects(store).path(object, new TrainBlock(7))).hasContent("abcdef");
    }

    @Test
    void aTruncatedObjectIsNamedWithItsLengths() throws IOException {
        Files.writeString(root.resolve(NAME), "abc");
        assertThat(new VerifiedObjects(store).damage(object)).contains("damaged: 6 bytes expected, 3 found");
    }

    @Test
    void aFlippedBitIsNamedWithItsDigestsAndWhatToDo() throws IOException {
        Files.writeString(root.resolve(NAME), "abcdeg");
        assertThatThrownBy(() -> new VerifiedObjects(store).path(object, new TrainBlock(7)))
                .hasMessageStartingWith(root.resolve(NAME) + ": damaged: 6 bytes with SHA-256 " + object.sha256())
                .hasMessageEndingWith("'blocksmith retry block-007' makes it anew");
    }

    @Test
    void aMissingObjectIsNamed() throws IOException {
        Files.delete(root.resolve(NAME));
        assertThat(new VerifiedObjects(store).damage(object).orElseThrow()).startsWith("missing; 6 bytes");
    }

    @Test
    void whatAnObjectIsReadThroughDoesNotWaitForTheGarbageCollector() {
        BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst()
                .orElseThrow();
        assertThat(new VerifiedObjects(store).damage(object)).isEmpty();
        long before = direct.getMemoryUsed();
        for (int i = 0; i < 32; i++) {
            assertThat(new VerifiedObjects(store).damage(object)).isEmpty();
        }
        assertThat(direct.getMemoryUsed() - before).as("bytes").isLessThan(4 << 20);
    }

    @Test
    void anObjectIsReadThroughOnce() throws IOException {
        VerifiedObjects verified = new VerifiedObjects(store);
        assertThat(verified.damage(object)).isEmpty();
        Files.writeString(root.resolve(NAME), "abcdeg");
        assertThat(verified.damage(object)).isEmpty();
    }
}
