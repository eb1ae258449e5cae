package io.blocksmith.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectoryStoreTest {
    private static final String ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path root;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root, "test");
    }

    private ObjectRef put(String name, String content) throws IOException {
        Path file = store.temporary(name);
        Files.writeString(file, content);
        return store.put(name, file);
    }

    @Test
    void putReturnsLengthAndDigest() throws IOException {
        assertThat(put("blocks/007/a.bin", "abc")).isEqualTo(new ObjectRef("blocks/007/a.bin", 3, ABC_SHA256));
        assertThat(store.read("blocks/007/a.bin")).isEqualTo("abc".getBytes(UTF_8));
    }

    @Test
    void putDigestsFilesLargerThanItsBuffer() throws IOException {
        byte[] content = new byte[(1 << 20) * 2 + 17];
        content[content.length - 1] = 1;
        Path file = store.temporary("large");
        Files.write(file, content);
        assertThat(store.put("large", file)).isEqualTo(new ObjectRef("large", content.length, Digests.sha256(content)));
    }

    @Test
    void anObjectInTheMakingIsNotListed() {
        store.temporary("blocks/007/a.bin");
        assertThat(store.list("")).isEmpty();
        assertThat(store.exists("blocks/007/a.bin")).isFalse();
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
        Files.writeString(root.resolve(".lock"), "1");
        Files.createDirectories(root.resolve("blocks/.nfs"));
        Files.writeString(root.resolve("blocks/.nfs/x"), "1");
        Files.writeString(store.scratch().resolve("shard"), "x");
        assertThat(store.list("")).isEmpty();
        assertThatThrownBy(() -> store.path(".lock")).hasMessage("'.lock' is no object name");
        assertThatThrownBy(() -> store.path("scratch/test/shard")).hasMessageEndingWith("is no object name");
    }

    @Test
    void objectsComeAndGoInAFolderThatOthersPrune() throws Exception {
        int rounds = 300;
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
                writer.get(60, TimeUnit.SECONDS);
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
    void theFirstCreateWins() {
        assertThat(store.createIfAbsent("ledger/1", "mine".getBytes(UTF_8))).isTrue();
        assertThat(store.createIfAbsent("ledger/1", "yours".getBytes(UTF_8))).isFalse();
        assertThat(store.read("ledger/1")).isEqualTo("mine".getBytes(UTF_8));
        assertThat(root.resolve("ledger")).isDirectoryContaining("glob:**/1").isDirectoryNotContaining("glob:**.tmp");
    }

    @Test
    void listsByPrefixInOrder() throws IOException {
        put("b/2", "x");
        put("b/10", "x");
        put("bc/1", "x");
        assertThat(store.list("b/")).containsExactly("b/10", "b/2");
        assertThat(store.list("b")).containsExactly("b/10", "b/2", "bc/1");
        assertThat(store.list("b/1")).containsExactly("b/10");
        assertThat(store.list("nothing/here")).isEmpty();
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

    @Test
    void namesDoNotLeaveTheFolder() {
        assertThatThrownBy(() -> store.read("../secret")).hasMessage("'../secret' is no object name");
        assertThatThrownBy(() -> store.read("/etc/passwd")).hasMessage("'/etc/passwd' is no object name");
    }

    @Test
    void aMissingObjectIsNamed() {
        assertThatThrownBy(() -> store.read("spec.json"))
                .hasMessage("cannot read %s: there is no such file", root.resolve("spec.json"))
                .isInstanceOfSatisfying(
                        BlocksmithException.class,
                        failure -> assertThat(failure.category()).isEqualTo(Category.ENVIRONMENT));
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
