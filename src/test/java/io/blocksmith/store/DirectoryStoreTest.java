package io.blocksmith.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.Category;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectoryStoreTest extends ObjectStoreContract {
    private Path root;

    @Override
    ObjectStore open(String owner) {
        root = folder.resolve("run");
        return DirectoryStore.openForWriting(root, owner);
    }

    @Test
    void whatACrashLeftIsRemovedOnOpeningUnderTheSameName() throws IOException {
        Path left = store.temporary("blocks/007/a.bin");
        Path work = Files.writeString(store.scratch().resolve("shard"), "x");
        DirectoryStore.open(root);
        assertThat(left).exists();
        DirectoryStore.openForWriting(root, "test");
        assertThat(left).doesNotExist();
        assertThat(work).doesNotExist();
    }

    /** Process ids do not tell them apart: in a container each process has the same one. */
    @Test
    void aFrozenPredecessorOfTheSameNameWritesOtherFiles() throws IOException {
        OwnerFolders predecessor = new OwnerFolders(root, "worker-0");
        Path frozen = predecessor.temporary("events/000000007");
        OwnerFolders successor = new OwnerFolders(root, "worker-0");
        successor.clear();
        Path file = Files.writeString(successor.temporary("events/000000007"), "of the successor");
        assertThat(file).isNotEqualTo(frozen);
        Files.writeString(frozen, "of the predecessor");
        assertThat(file).hasContent("of the successor");
    }

    @Test
    void anotherProcessKeepsItsUnfinishedFiles() throws IOException {
        Path left = Files.writeString(store.temporary("a.bin"), "abc");
        Path work = Files.writeString(store.scratch().resolve("shard"), "x");
        DirectoryStore.openForWriting(root, "worker-2").close();
        assertThat(work).exists();
        assertThat(store.put("a.bin", left).bytes()).isEqualTo(3);
    }

    @Test
    void closingLeavesObjectsOnly() throws IOException {
        put("a.bin", "x");
        store.temporary("b.bin");
        Files.writeString(store.scratch().resolve("shard"), "x");
        store.close();
        assertThat(root).isDirectoryNotContaining("glob:**/{.tmp,scratch}");
        assertThat(store.list("")).containsExactly("a.bin");
    }

    @Test
    void hiddenFilesAndScratchAreNoObjects() throws IOException {
        Files.createDirectories(root.resolve("blocks/.nfs"));
        Files.writeString(root.resolve(".lock"), "1");
        Files.writeString(root.resolve("blocks/.nfs/x"), "1");
        Files.writeString(store.scratch().resolve("shard"), "x");
        assertThat(store.list("")).isEmpty();
        assertThatThrownBy(() -> store.path(".lock")).hasMessage("'.lock' is no object name");
        assertThatThrownBy(() -> store.path("scratch/test/shard")).hasMessageEndingWith("is no object name");
    }

    @Test
    void objectsComeAndGoInAFolderThatOthersPrune() throws Exception {
        int rounds = 100;
        try (var threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> writers = new ArrayList<>();
            for (int writer = 0; writer < 4; writer++) {
                String name = "a/b/c/" + writer;
                writers.add(threads.submit(() -> {
                    for (int round = 0; round < rounds; round++) {
                        put(name, "x");
                        assertThat(store.exists(name)).isTrue();
                        store.list("a/");
                        store.delete(name);
                    }
                    return null;
                }));
            }
            for (Future<?> writer : writers) {
                writer.get(5, TimeUnit.MINUTES);
            }
        }
        assertThat(root.resolve("a")).doesNotExist();
    }

    @Test
    void aStoreThatWasOpenedForLookingWritesNothing() {
        assertThatThrownBy(() -> DirectoryStore.open(root).replace("a", new byte[0]))
                .hasMessage("%s was opened for looking only", root);
    }

    @Test
    void deletingTheLastObjectTakesItsFoldersAway() throws IOException {
        put("boundaries/008/a/full/1", "x");
        put("boundaries/009/a/full/1", "x");
        store.delete("boundaries/008/a/full/1");
        store.delete("boundaries/008/a/full/1");
        assertThat(root.resolve("boundaries/008")).doesNotExist();
        assertThat(store.list("")).containsExactly("boundaries/009/a/full/1");
    }

    @ParameterizedTest
    @CsvSource({
        "No space left on device, STORE_FULL",
        "Disk quota exceeded, STORE_FULL",
        "Read-only file system, STORE_UNAVAILABLE",
        "Input/output error, STORE_UNAVAILABLE",
        "Stale file handle, STORE_UNAVAILABLE",
        "Connection timed out, STORE_UNAVAILABLE",
        "Interrupted system call, TRANSIENT"
    })
    void whatTheFileSystemSaysDecidesWhoActs(String reason, Category category) {
        Path file = Path.of("a.bin");
        assertThat(StorageFailure.of(new IOException(reason), "write", file).category())
                .isEqualTo(category);
        assertThat(StorageFailure.of(new FileSystemException("a.bin", null, reason), "write", file)
                        .category())
                .isEqualTo(category);
    }
}
