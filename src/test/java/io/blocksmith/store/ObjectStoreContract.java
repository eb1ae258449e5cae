package io.blocksmith.store;

import static io.blocksmith.run.Histories.NOON;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.failure.Category;
import io.blocksmith.run.Event;
import io.blocksmith.run.Event.RunSubmitted;
import io.blocksmith.run.Event.SupervisorStarted;
import io.blocksmith.run.Journal.Appended;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every kind of store must do. */
abstract class ObjectStoreContract {
    private static final String ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path folder;

    ObjectStore store;

    /** The store of the process called {@code owner}; every call is another process on the same run. */
    abstract ObjectStore open(String owner);

    @BeforeEach
    void openStore() {
        store = open("test");
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    ObjectRef put(String name, String content) throws IOException {
        Path file = store.temporary(name);
        Files.writeString(file, content);
        return store.put(name, file);
    }

    /** The results of {@code threads} calls that start at the same moment. */
    static <T> List<T> atOnce(int threads, Callable<T> call) throws Exception {
        CyclicBarrier start = new CyclicBarrier(threads);
        try (var executor = Executors.newFixedThreadPool(threads)) {
            List<Future<T>> calls = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                calls.add(executor.submit(() -> {
                    start.await();
                    return call.call();
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> pending : calls) {
                results.add(pending.get(5, TimeUnit.MINUTES));
            }
            return results;
        }
    }

    @Test
    void putReturnsLengthAndDigestAndTakesTheFile() throws IOException {
        Path file = Files.writeString(store.temporary("blocks/007/a.bin"), "abc");
        assertThat(store.put("blocks/007/a.bin", file)).isEqualTo(new ObjectRef("blocks/007/a.bin", 3, ABC_SHA256));
        assertThat(file).doesNotExist();
        assertThat(store.read("blocks/007/a.bin")).isEqualTo("abc".getBytes(UTF_8));
    }

    @Test
    void filesMadeInTheScratchFolderBecomeObjects() throws IOException {
        Path file = Files.writeString(store.scratch().resolve("shard"), "abc");
        store.put("boundaries/1", file);
        assertThat(store.path("boundaries/1")).hasContent("abc");
    }

    @Test
    void aLargeObjectIsReadByAnotherProcess() throws IOException {
        byte[] content = new byte[(11 << 20) + 17];
        new Random(1).nextBytes(content);
        Path file = store.temporary("large");
        Files.write(file, content);
        assertThat(store.put("large", file)).isEqualTo(new ObjectRef("large", content.length, Digests.sha256(content)));
        try (ObjectStore other = open("other")) {
            assertThat(other.path("large")).hasBinaryContent(content);
            assertThat(other.examine("large"))
                    .contains(new ObjectRef("large", content.length, Digests.sha256(content)));
        }
    }

    @Test
    void anEmptyObjectIsAnObject() throws IOException {
        put("empty", "");
        assertThat(store.read("empty")).isEmpty();
        assertThat(store.path("empty")).isEmptyFile();
    }

    @Test
    void anObjectInTheMakingIsNotThere() {
        store.temporary("blocks/007/a.bin");
        assertThat(store.list("")).isEmpty();
        assertThat(store.exists("blocks/007/a.bin")).isFalse();
        assertThat(store.find("blocks/007/a.bin")).isEmpty();
    }

    @Test
    void theFirstCreateWins() {
        assertThat(store.createIfAbsent("ledger/1", "mine".getBytes(UTF_8))).isTrue();
        assertThat(store.createIfAbsent("ledger/1", "yours".getBytes(UTF_8))).isFalse();
        assertThat(store.read("ledger/1")).isEqualTo("mine".getBytes(UTF_8));
        assertThat(store.list("")).containsExactly("ledger/1");
    }

    @Test
    void exactlyOneOfManyCreatesWins() throws Exception {
        for (int round = 0; round < 4; round++) {
            String name = "ledger/" + round;
            List<Boolean> won = atOnce(
                    16,
                    () -> store.createIfAbsent(
                            name,
                            Long.toString(Thread.currentThread().threadId()).getBytes(UTF_8)));
            assertThat(won).filteredOn(Boolean::booleanValue).hasSize(1);
        }
    }

    @Test
    void readersSeeTheOldContentOrTheNewWhileItIsReplaced() throws Exception {
        byte[] a = "a".repeat(50_000).getBytes(UTF_8);
        byte[] b = "b".repeat(70_000).getBytes(UTF_8);
        store.replace("live.json", a);
        AtomicBoolean done = new AtomicBoolean();
        try (var reader = Executors.newSingleThreadExecutor()) {
            Future<Boolean> torn = reader.submit(() -> {
                boolean any = false;
                while (!done.get()) {
                    byte[] seen = store.read("live.json");
                    any |= !Arrays.equals(seen, a) && !Arrays.equals(seen, b);
                }
                return any;
            });
            for (int round = 0; round < 20; round++) {
                store.replace("live.json", round % 2 == 0 ? b : a);
            }
            done.set(true);
            assertThat(torn.get(5, TimeUnit.MINUTES)).isFalse();
        }
        assertThat(store.read("live.json")).isEqualTo(a);
    }

    @Test
    void aReplacedObjectIsReadAnew() throws IOException {
        put("report.html", "old");
        try (ObjectStore other = open("other")) {
            assertThat(other.path("report.html")).hasContent("old");
            put("report.html", "new");
            assertThat(other.path("report.html")).hasContent("new");
        }
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
    void deletedObjectsAreGone() throws IOException {
        put("boundaries/008/a/full/1", "x");
        put("boundaries/009/a/full/1", "x");
        store.delete("boundaries/008/a/full/1");
        store.delete("boundaries/008/a/full/1");
        assertThat(store.list("")).containsExactly("boundaries/009/a/full/1");
        assertThatThrownBy(() -> store.path("boundaries/008/a/full/1").toRealPath());
    }

    @Test
    void aMissingObjectIsNamed() {
        assertThatThrownBy(() -> store.read("spec.json"))
                .hasMessage("cannot read %s: there is no such file", store.where("spec.json"))
                .isInstanceOfSatisfying(
                        BlocksmithException.class,
                        failure -> assertThat(failure.category()).isEqualTo(Category.ENVIRONMENT));
        assertThat(store.find("spec.json")).isEmpty();
        assertThat(store.examine("spec.json")).isEmpty();
    }

    @Test
    void namesDoNotLeaveTheStore() {
        for (String name : new String[] {"../secret", "/etc/passwd", "a/../../b", "a//b", "a/", "", ".lock"}) {
            assertThatThrownBy(() -> store.read(name)).hasMessage("'%s' is no object name", name);
        }
    }

    @Test
    void exactlyOneOfManySupervisorsAppends() throws Exception {
        Event submitted = new RunSubmitted(NOON, "tiny", "d1", 3);
        assertThat(new Ledger(store).append(submitted)).isEqualTo(new Appended.Durable());
        List<Ledger> ledgers = new ArrayList<>();
        for (int writer = 0; writer < 8; writer++) {
            Ledger ledger = new Ledger(store);
            ledger.read();
            ledgers.add(ledger);
        }
        List<Ledger> free = new ArrayList<>(ledgers);
        List<Appended> appended = atOnce(ledgers.size(), () -> {
            Ledger mine;
            synchronized (free) {
                mine = free.removeLast();
            }
            return mine.append(new SupervisorStarted(NOON, 1, "host:" + ledgers.indexOf(mine)));
        });
        RunState state = new Ledger(store).read();
        assertThat(appended).filteredOn(Appended.Durable.class::isInstance).hasSize(1);
        assertThat(appended)
                .filteredOn(Appended.Fenced.class::isInstance)
                .hasSize(7)
                .containsOnly(new Appended.Fenced(state.holder(), 1));
    }
}
