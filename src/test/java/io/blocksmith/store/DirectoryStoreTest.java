package io.blocksmith.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.ObjectRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest {
    private static final String ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path root;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = DirectoryStore.openForWriting(root);
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
    void whatACrashLeftIsRemovedOnOpeningForWriting() {
        Path left = store.temporary("blocks/007/a.bin");
        DirectoryStore.open(root);
        assertThat(left).exists();
        DirectoryStore.openForWriting(root);
        assertThat(left).doesNotExist();
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

    @Test
    void aFullDiskIsTheOperatorsBusiness() {
        BlocksmithException failure =
                StorageFailure.of(new IOException("No space left on device"), "write", Path.of("a.bin"));
        assertThat(failure.category()).isEqualTo(Category.ENVIRONMENT);
        assertThat(failure).hasMessageContaining("no room is left");
    }
}
